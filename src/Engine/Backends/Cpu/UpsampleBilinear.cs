using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu;

/// <summary>
/// Bilinear interpolation: input rows are stretched along the row and kept while the output rows between them are mixed from
/// two of them. A unit is an output row; S and V run over channels, or are scalar for a map of one channel, whose rows are
/// mixed by vectors all the same.
/// </summary>
internal sealed unsafe class UpsampleBilinear<S, V, R, U> : Kernel
    where S : struct, ISimd<V> where V : struct where R : struct, ISimd<U> where U : struct
{
    private readonly CpuTensor _source;
    private readonly CpuTensor _target;
    private readonly (int Low, int High, float Weight)[] _rows;
    private readonly (int Low, int High, float Weight)[] _columns;
    private readonly delegate*<float*, float*, float, float*, nint, void> _mix;

    public UpsampleBilinear(string name, UpsampleBilinearOp op, CpuTensor source, CpuTensor target)
    {
        Name = name;
        _source = source;
        _target = target;
        _rows = [.. Enumerable.Range(0, target.Shape.H).Select(h => op.Source(h, source.Shape.H, target.Shape.H))];
        _columns = [.. Enumerable.Range(0, target.Shape.W).Select(w => op.Source(w, source.Shape.W, target.Shape.W))];
        _mix = op.Activation switch
        {
            Activation.ReLU => &Mix<ReLU>,
            Activation.SiLU => &Mix<SiLU>,
            Activation.Sigmoid => &Mix<Sigmoid>,
            Activation.ReLU6 => &Mix<ReLU6>,
            Activation.HardSigmoid => &Mix<HardSigmoid>,
            Activation.HardSwish => &Mix<HardSwish>,
            _ => &Mix<Identity>,
        };
    }

    public override string Name { get; }

    public override int Units => _target.Shape.N * _target.Shape.H;

    public override nint ScratchFloats => 2 * StretchedFloats;

    private nint StretchedFloats => (_target.RowStride + CpuTensor.Lanes - 1) / CpuTensor.Lanes * CpuTensor.Lanes;

    public override void Run(int begin, int end, float* scratch)
    {
        float* upper = scratch, lower = scratch + StretchedFloats;
        int upperRow = -1, lowerRow = -1;
        for (int unit = begin; unit < end; unit++)
        {
            int n = unit / _target.Shape.H, first = n * _source.Shape.H;
            (int low, int high, float weight) = _rows[unit % _target.Shape.H];
            if (lowerRow == first + low && upperRow != first + low)
            {
                float* other = upper;
                upper = lower;
                lower = other;
                (upperRow, lowerRow) = (lowerRow, upperRow);
            }
            if (upperRow != first + low) Stretch(_source.Pixel(n, low, 0), upper);
            upperRow = first + low;
            if (lowerRow != first + high) Stretch(_source.Pixel(n, high, 0), lower);
            lowerRow = first + high;
            _mix(upper, lower, weight, _target.Pixel(n, unit % _target.Shape.H, 0), _target.RowStride);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Stretch(float* row, float* stretched)
    {
        nint channels = _source.Channels, stride = _source.PixelStride;
        foreach ((int left, int right, float weight) in _columns)
        {
            V toRight = S.Broadcast(weight), toLeft = S.Broadcast(1 - weight);
            float* a = row + (left * stride), b = row + (right * stride);
            for (nint c = 0; c < channels; c += S.Width)
                S.Store(S.MultiplyAdd(S.Load(b + c), toRight, S.Multiply(S.Load(a + c), toLeft)), stretched + c);
            stretched += _target.PixelStride;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Mix<F>(float* upper, float* lower, float weight, float* output, nint count) where F : struct, IConstant
    {
        U down = R.Broadcast(weight), up = R.Broadcast(1 - weight);
        nint i = 0;
        for (; i + R.Width <= count; i += R.Width)
            R.Store(Elementary<R, U>.Activate(R.MultiplyAdd(R.Load(lower + i), down, R.Multiply(R.Load(upper + i), up)),
                (Activation)F.Value), output + i);
        for (; i < count; i++)
            output[i] = Single<R, U>.Activate(Single<R, U>.MultiplyAdd(lower[i], weight, upper[i] * (1 - weight)), (Activation)F.Value);
    }
}
