using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>
/// Convolution to one channel, such as a segmentation head: for each pixel a dot product of its gathered window with the
/// weights [R][S][C], vectors running along the channels, eight pixels at a time. A unit is some output rows.
/// </summary>
internal sealed unsafe class SingleOutputConv<S, V> : Kernel where S : struct, ISimd<V> where V : struct
{
    private readonly ConvGeometry _geometry;
    private readonly NativeMemoryBlock _packed;
    private readonly Gather _gather;
    private readonly Target _target;
    private readonly int _images;
    private readonly View? _residual;
    private readonly Activation _activation;
    private readonly int _channels;
    private readonly int _rowsPerUnit;
    private readonly int _unitsPerImage;
    private readonly float _bias;

    // Whether vectors cover each run.
    private readonly bool _isWhole;

    public SingleOutputConv(
        string name, ConvSource[] sources, ConvGeometry geometry, NativeMemoryBlock packed, ConvBlocking blocking,
        Target target, View? residual, Activation activation)
    {
        Name = name;
        _geometry = geometry;
        _packed = packed;
        _rowsPerUnit = blocking.RowsPerUnit;
        _unitsPerImage = (geometry.OutputHeight + _rowsPerUnit - 1) / _rowsPerUnit;
        _gather = new Gather(sources, geometry, _rowsPerUnit);
        _channels = sources.Sum(source => source.View.Shape.C);
        _target = target;
        _images = sources[0].View.Shape.N;
        _residual = residual;
        _activation = activation;
        _bias = packed.Data[(nint)geometry.R * geometry.S * _channels];
        _isWhole = _channels % S.Width == 0;
        ScratchFloats = _gather.Floats(_channels);
    }

    public override string Name { get; }

    public override int Units => _images * _unitsPerImage;

    public override nint ScratchFloats { get; }

    /// <summary>Packs weights [1, C, R, S] as [R][S][C], the bias behind them.</summary>
    public static NativeMemoryBlock Pack(ConvWeights weights)
    {
        int taps = weights.R * weights.S;
        var packed = new NativeMemoryBlock((nint)(taps * weights.C) + 1);
        for (int c = 0; c < weights.C; c++)
        {
            for (int tap = 0; tap < taps; tap++) packed.Data[(tap * weights.C) + c] = weights.Values[(c * taps) + tap];
        }
        packed.Data[taps * weights.C] = weights.Bias?[0] ?? 0;
        return packed;
    }

    public override void Run(int begin, int end, float* scratch)
    {
        for (int unit = begin; unit < end; unit++)
        {
            int n = unit / _unitsPerImage, first = unit % _unitsPerImage * _rowsPerUnit;
            int last = Math.Min(first + _rowsPerUnit, _geometry.OutputHeight);
            _gather.Fill(scratch, n, first, last, 0, _channels);
            for (int h = first; h < last; h++) RunRow(scratch, n, h, first);
        }
    }

    [SkipLocalsInit]
    private void RunRow(float* buffer, int n, int h, int first)
    {
        nint step = _gather.PixelStep(_channels);
        // Without dilation the columns of a window lie side by side: one run for each kernel row.
        int perRow = _geometry.Dilation == 1 && step == _channels ? 1 : _geometry.S;
        nint length = (nint)_channels * _geometry.S / perRow;
        Run* runs = stackalloc Run[Math.Max(1, _geometry.R * perRow)];
        int count = 0;
        for (int r = 0; r < _geometry.R; r++)
        {
            if (!_gather.IsInside(h, r)) continue;
            nint row = _gather.RowOffset(h, first, r, _channels);
            for (int s = 0; s < perRow; s++)
                runs[count++] = new Run { Input = row + (s * _geometry.Dilation * step), Weights = ((r * perRow) + s) * length, Length = length };
        }
        float* input = _gather.Origin(buffer, n, 0), output = _target.Pixel(n, h, 0);
        float* residual = _residual is View view ? view.Pixel(n, h, 0) : null;
        int eights = _geometry.OutputWidth / 8;
        nint windowStep = _geometry.Stride * step;
        for (int i = 0; i < eights; i++) EightDots(input + (8 * i * windowStep), windowStep, runs, count, output + (8 * i * _target.PixelStride));
        for (int w = 8 * eights; w < _geometry.OutputWidth; w++) output[w * _target.PixelStride] = Dot(input + (w * windowStep), runs, count);
        if (residual != null)
            for (int w = 0; w < _geometry.OutputWidth; w++) output[w * _target.PixelStride] += residual[w];
        if (_activation == Activation.None) return;
        int done = 0;
        if (_target.PixelStride == 1)
            for (; done + S.Width <= _geometry.OutputWidth; done += S.Width) S.Store(Elementary<S, V>.Activate(S.Load(output + done), _activation), output + done);
        for (; done < _geometry.OutputWidth; done++)
        {
            float* value = output + (done * _target.PixelStride);
            *value = Elementary<Scalar, float>.Activate(*value, _activation);
        }
    }

    [SkipLocalsInit, MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void EightDots(float* input, nint step, Run* runs, int count, float* output)
    {
        V a0 = S.Broadcast(0), a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0;
        for (int run = 0; run < count; run++)
        {
            float* x = input + runs[run].Input, y = x + (4 * step), weights = _packed.Data + runs[run].Weights;
            for (nint i = 0; i + S.Width <= runs[run].Length; i += S.Width, x += S.Width, y += S.Width)
            {
                V weight = S.Load(weights + i);
                a0 = S.MultiplyAdd(S.Load(x), weight, a0);
                a1 = S.MultiplyAdd(S.Load(x + step), weight, a1);
                a2 = S.MultiplyAdd(S.Load(x + (2 * step)), weight, a2);
                a3 = S.MultiplyAdd(S.Load(x + (3 * step)), weight, a3);
                a4 = S.MultiplyAdd(S.Load(y), weight, a4);
                a5 = S.MultiplyAdd(S.Load(y + step), weight, a5);
                a6 = S.MultiplyAdd(S.Load(y + (2 * step)), weight, a6);
                a7 = S.MultiplyAdd(S.Load(y + (3 * step)), weight, a7);
            }
        }
        float* sums = stackalloc float[8];
        S.SumFour(a0, a1, a2, a3, sums);
        S.SumFour(a4, a5, a6, a7, sums + 4);
        for (int i = 0; i < 8; i++) output[i * _target.PixelStride] = sums[i] + Rest(input + (i * step), runs, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private float Dot(float* input, Run* runs, int count)
    {
        V sum = S.Broadcast(0);
        for (int run = 0; run < count; run++)
        {
            float* x = input + runs[run].Input, weights = _packed.Data + runs[run].Weights;
            for (nint i = 0; i + S.Width <= runs[run].Length; i += S.Width) sum = S.MultiplyAdd(S.Load(x + i), S.Load(weights + i), sum);
        }
        return S.Sum(sum) + Rest(input, runs, count);
    }

    // The bias, and what vectors leave of each run.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private float Rest(float* input, Run* runs, int count)
    {
        float rest = _bias;
        if (_isWhole) return rest;
        for (int run = 0; run < count; run++)
        {
            float* x = input + runs[run].Input, weights = _packed.Data + runs[run].Weights;
            for (nint i = runs[run].Length / S.Width * S.Width; i < runs[run].Length; i++) rest = float.MultiplyAddEstimate(x[i], weights[i], rest);
        }
        return rest;
    }
}
