using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>
/// Convolution to one channel, such as a segmentation head: for each pixel a dot product of its gathered window with the
/// weights [R][S][C], vectors running along the channels. A unit is some output rows.
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void RunRow(float* buffer, int n, int h, int first)
    {
        nint pitch = (nint)_geometry.PaddedWidth * _channels;
        // Without dilation the columns of a window lie side by side: one stretch for each kernel row.
        int stretches = _geometry.Dilation == 1 ? 1 : _geometry.S;
        nint length = (nint)_channels * _geometry.S / stretches;
        float bias = _packed.Data[(nint)_geometry.R * _geometry.S * _channels];
        for (int w = 0; w < _geometry.OutputWidth; w++)
        {
            float* pixel = buffer + ((nint)w * _geometry.Stride * _channels);
            V sums = S.Broadcast(0);
            float rest = bias;
            for (int r = 0; r < _geometry.R; r++)
            {
                if (!_gather.IsInside(h, r)) continue;
                for (int s = 0; s < stretches; s++)
                {
                    float* x = pixel + (_gather.Slot(h, first, r) * pitch) + ((nint)s * _geometry.Dilation * _channels);
                    float* weights = _packed.Data + (((nint)r * stretches) + s) * length;
                    nint i = 0;
                    for (; i + S.Width <= length; i += S.Width) sums = S.MultiplyAdd(S.Load(x + i), S.Load(weights + i), sums);
                    for (; i < length; i++) rest = float.MultiplyAddEstimate(x[i], weights[i], rest);
                }
            }
            float result = S.Sum(sums) + rest;
            if (_residual is View residual) result += *residual.Pixel(n, h, w);
            *_target.Pixel(n, h, w) = Elementary<Scalar, float>.Activate(result, _activation);
        }
    }
}
