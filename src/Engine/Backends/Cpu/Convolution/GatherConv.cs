using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>
/// Convolution with any window: stride, dilation, groups, asymmetric padding, several inputs side by side. A unit is some
/// output rows of one image. For each block of input channels it gathers the rows it reads, then lets each panel of weights
/// pass over all of the unit's tiles while both stay in the cache.
/// </summary>
internal sealed unsafe class GatherConv<S, V> : Kernel where S : struct, ISimd<V> where V : struct
{
    private readonly ConvGeometry _geometry;
    private readonly PackedWeights _weights;
    private readonly ChannelBlock[] _blocks;
    private readonly Gather _gather;
    private readonly Target _target;
    private readonly Target? _residual;
    private readonly Activation _activation;
    private readonly int _rowsPerUnit;
    private readonly int _unitsPerImage;
    private readonly int _images;

    public GatherConv(
        string name, ConvSource[] sources, ConvGeometry geometry, PackedWeights weights, ConvBlocking blocking,
        Target target, Target? residual, Activation activation)
    {
        Name = name;
        _geometry = geometry;
        _weights = weights;
        _blocks = blocking.ChannelBlocks(weights);
        _rowsPerUnit = blocking.RowsPerUnit;
        _unitsPerImage = (geometry.OutputHeight + _rowsPerUnit - 1) / _rowsPerUnit;
        _images = sources[0].Map.Shape.N;
        _gather = new Gather(sources, geometry, _rowsPerUnit);
        _target = target;
        _residual = residual;
        _activation = activation;
        ScratchFloats = _gather.Floats(_blocks.Max(block => block.Channels));
    }

    public override string Name { get; }

    public override KernelKind Kind => new(GetType(), R: _geometry.R, S: _geometry.S, Variant: _weights.Groups);

    public override int Units => _images * _unitsPerImage;

    public override nint ScratchFloats { get; }

    public override void Run(int begin, int end, float* scratch)
    {
        for (int unit = begin; unit < end; unit++)
        {
            int n = unit / _unitsPerImage, first = unit % _unitsPerImage * _rowsPerUnit;
            int last = Math.Min(first + _rowsPerUnit, _geometry.OutputHeight);
            foreach (ChannelBlock block in _blocks)
            {
                _gather.Fill(scratch, n, first, last, block.Channel, block.Channels);
                for (int p = block.FirstPanel; p < block.EndPanel; p++) RunPanel(scratch, n, first, last, block, _weights.Panels[p]);
            }
        }
    }

    [SkipLocalsInit]
    private void RunPanel(float* buffer, int n, int first, int last, ChannelBlock block, Panel panel)
    {
        int lanes = panel.Vectors * S.Width, tiles = (_geometry.OutputWidth + S.TileRows - 1) / S.TileRows;
        Run* runs = stackalloc Run[Math.Max(1, _geometry.R * _geometry.S)];
        Tile tile;
        tile.InputStride = _geometry.Stride * _gather.PixelStep(block.Channels);
        tile.Weights = _weights.Data + panel.Weights + (block.WeightRow * lanes);
        tile.Runs = runs;
        tile.InitialStride = block.IsFirst ? 0 : _target.PixelStride;
        tile.Residual = null;
        tile.ResidualStride = 0;
        tile.OutputStride = _target.PixelStride;
        tile.Floor = block.IsLast ? Epilogue<S, V>.Floor(_activation) : float.NegativeInfinity;
        bool epilogue = block.IsLast && Epilogue<S, V>.IsNeeded(_activation);
        float* input = _gather.Origin(buffer, n, block.Channel)
            + (block.PerGroup ? (panel.Group * _weights.InputsPerGroup) - block.Channel : 0);

        for (int h = first; h < last; h++)
        {
            tile.RunCount = CollectRuns(runs, h, first, block, lanes, 0, _geometry.OutputWidth);
            for (int t = 0; t < tiles; t++)
            {
                int begin = t * _geometry.OutputWidth / tiles, pixels = ((t + 1) * _geometry.OutputWidth / tiles) - begin;
                if (_geometry.Dilation > 1) tile.RunCount = CollectRuns(runs, h, first, block, lanes, begin, begin + pixels);
                tile.Input = input + (begin * tile.InputStride);
                tile.Next = tile.Input + (pixels * tile.InputStride);
                tile.Output = _target.Pixel(n, h, begin) + panel.OutputChannel;
                tile.Initial = block.IsFirst ? _weights.Data + panel.Bias : tile.Output;
                if (_residual is Target residual && block.IsFirst)
                {
                    tile.Residual = residual.Pixel(n, h, begin) + panel.OutputChannel;
                    tile.ResidualStride = residual.PixelStride;
                }
                MicroKernel<S, V>.For(pixels, panel.Vectors)(&tile);
                if (epilogue) Epilogue<S, V>.Apply(_activation, tile.Output, tile.OutputStride, pixels, panel.Vectors);
            }
        }
    }

    /// <summary>
    /// The stretches of the reduction for tiles between two output columns: none for kernel rows outside the image, nor for
    /// dilated columns that the whole tile has outside. Without dilation and groups a kernel row is one stretch.
    /// </summary>
    private int CollectRuns(Run* runs, int h, int first, ChannelBlock block, int lanes, int begin, int end)
    {
        nint step = _gather.PixelStep(block.Channels);
        int channels = block.PerGroup ? _weights.InputsPerGroup : block.Channels;
        bool whole = _geometry.Dilation == 1 && channels == step;
        int count = 0;
        for (int r = 0; r < _geometry.R; r++)
        {
            if (!_gather.IsInside(h, r)) continue;
            nint row = _gather.RowOffset(h, first, r, block.Channels);
            if (whole)
            {
                runs[count++] = new Run
                {
                    Input = row,
                    Weights = (nint)r * _geometry.S * channels * lanes,
                    Length = (nint)_geometry.S * channels
                };
                continue;
            }
            for (int s = 0; s < _geometry.S; s++)
            {
                int column = (s * _geometry.Dilation) - _geometry.PadLeft;
                if (((end - 1) * _geometry.Stride) + column < 0 || (begin * _geometry.Stride) + column >= _gather.Width) continue;
                runs[count++] = new Run
                {
                    Input = row + (s * _geometry.Dilation * step),
                    Weights = (((nint)r * _geometry.S) + s) * channels * lanes,
                    Length = channels,
                };
            }
        }
        return count;
    }
}
