using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>
/// Convolution to one channel, such as a segmentation head, of gathered windows. A unit is some output rows.
/// </summary>
internal sealed unsafe class SingleOutputConv<S, V> : Kernel where S : struct, ISimd<V> where V : struct
{
    private readonly ConvGeometry _geometry;
    private readonly SingleOutputRow<S, V> _row;
    private readonly Gather _gather;
    private readonly Target _target;
    private readonly int _images;
    private readonly CpuTensor? _residual;
    private readonly int _channels;
    private readonly int _rowsPerUnit;
    private readonly int _unitsPerImage;

    public SingleOutputConv(
        string name, ConvSource[] sources, ConvGeometry geometry, NativeMemoryBlock packed, ConvBlocking blocking,
        Target target, CpuTensor? residual, Activation activation)
    {
        Name = name;
        _geometry = geometry;
        _rowsPerUnit = blocking.RowsPerUnit;
        _unitsPerImage = (geometry.OutputHeight + _rowsPerUnit - 1) / _rowsPerUnit;
        _gather = new Gather(sources, geometry, _rowsPerUnit);
        _channels = sources.Sum(source => source.Map.Shape.C);
        _target = target;
        _images = sources[0].Map.Shape.N;
        _residual = residual;
        _row = new SingleOutputRow<S, V>(packed, geometry.R * geometry.S, _channels, activation);
        ScratchFloats = _gather.Floats(_channels);
    }

    public override string Name { get; }

    public override KernelKind Kind => new(GetType(), R: _geometry.R, S: _geometry.S);

    public override int Units => _images * _unitsPerImage;

    public override nint ScratchFloats { get; }

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
                runs[count++] = new Run
                {
                    Input = row + (s * _geometry.Dilation * step),
                    Weights = ((r * perRow) + s) * length,
                    Length = length
                };
        }
        float* residual = _residual is CpuTensor map ? map.Pixel(n, h, 0) : null;
        _row.Run(_gather.Origin(buffer, n, 0), _geometry.Stride * step, runs, count, _geometry.OutputWidth, _target.Pixel(n, h, 0),
            _target.PixelStride, residual);
    }
}
