using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>
/// 1x1 convolution with stride 1: a matrix product that reads its inputs where they lie. Gates have been multiplied into a copy
/// of the weights; an input that is the same at every pixel is multiplied once and joins the bias. A unit is a stretch of one
/// image's pixels, and, where these are few, some of the panels. Where a head alone reads the result, each unit hands it over in the
/// cache, and it is never stored.
/// </summary>
internal sealed unsafe class PointwiseConv<S, V> : Kernel where S : struct, ISimd<V> where V : struct
{
    // What a unit reads and writes, 1 MiB: more than a small second-level cache holds, for each unit reads all its panels' weights again.
    private const int CacheFloats = 1 << 18;
    private const int WantedUnits = 16, FewestTiles = 2;

    // Stretches are whole multiples of the longest tile, whatever the instruction set: what is added up for a pooling is cut in one way.
    private const int LongestTile = 12;
    private readonly ConvSource[] _sources;
    private readonly PackedWeights _weights;
    private readonly CpuTensor _target;
    private readonly CpuTensor? _residual;
    private readonly Activation _activation;
    private readonly CpuTensor? _sums;
    private readonly PointwiseHead<S, V>? _head;
    private readonly nint _pixelStride;
    private readonly int _firstSource;
    private readonly int _lastSource;
    private readonly nint _constantFloats;
    private readonly CpuTensor? _scaled;
    private readonly int _pixels;
    private readonly int _pixelsPerUnit;
    private readonly int _stretches;
    private readonly int _panelGroups;

    /// <summary>Binds it to memory: the target is that of the head, if there is one.</summary>
    public PointwiseConv(
        ConvSource[] sources, PackedWeights weights, CpuTensor? scaled, CpuTensor target, CpuTensor? residual, Activation activation,
        CpuTensor? sums, PointwiseHead<S, V>? head = null)
    {
        _sources = sources;
        _weights = weights;
        _scaled = scaled;
        _target = target;
        _residual = residual;
        _activation = activation;
        _sums = sums;
        _head = head;
        _firstSource = Array.FindIndex(sources, source => !source.IsConstant);
        _lastSource = Array.FindLastIndex(sources, source => !source.IsConstant);
        _pixels = target.Shape.H * target.Shape.W;
        _pixelStride = head is null ? target.PixelStride : CpuTensor.Spread(CpuTensor.Padded(head.Channels));
        int floatsPerPixel = sources.Where(source => !source.IsConstant).Sum(source => source.Map.Shape.C) + (int)_pixelStride;
        int tiles = LongestTiles(_pixels), maximum = Math.Max(CacheFloats / floatsPerPixel / LongestTile, FewestTiles);
        // A head wants all panels of a pixel.
        if (head is not null) maximum = Math.Clamp(tiles / WantedUnits, 1, maximum);
        _stretches = (tiles + maximum - 1) / maximum;
        _pixelsPerUnit = (tiles + _stretches - 1) / _stretches * LongestTile;
        _panelGroups = head is null ? Math.Min((WantedUnits + _stretches - 1) / _stretches, weights.Panels.Length) : 1;
        Panel last = weights.Panels[^1];
        _constantFloats = sources.Any(source => source.IsConstant) ? last.Bias + (last.Vectors * S.Width) - weights.Panels[0].Bias : 0;
        ScratchFloats = _constantFloats + (head is null ? 0 : (_pixelsPerUnit * _pixelStride) + CpuTensor.Lanes);
    }

    public override string Name =>
        $"pointwise{(_scaled is not null ? " scaled" : "")}{(_constantFloats > 0 ? ", part constant" : "")}"
        + (_head is null ? "" : ", single output");

    public override KernelKind Kind =>
        new(GetType(), Variant: (_scaled is null ? 0 : 1) | (_constantFloats > 0 ? 2 : 0) | (_head is null ? 0 : 4));

    public override int Units => _target.Shape.N * _stretches * _panelGroups;

    public override nint ScratchFloats { get; }

    /// <summary>Parts of an image whose pixels are added up for a pooling: [image][part][channel].</summary>
    public int Parts => _stretches;

    /// <summary>No more parts than this.</summary>
    public static int MaxParts(Shape target) => (LongestTiles(target.H * target.W) + FewestTiles - 1) / FewestTiles;

    /// <summary>The blocks of input channels: one for each source.</summary>
    public static IReadOnlyList<int> Blocks(ConvSource[] sources) => [.. sources.Select(source => source.Map.Shape.C)];

    public override void Run(int begin, int end, float* scratch)
    {
        float* unitPixels = scratch + _constantFloats;
        for (int unit = begin; unit < end; unit++)
        {
            int group = unit % _panelGroups, stretch = unit / _panelGroups % _stretches, n = unit / _panelGroups / _stretches;
            int first = stretch * _pixelsPerUnit, last = Math.Min(first + _pixelsPerUnit, _pixels);
            int firstPanel = group * _weights.Panels.Length / _panelGroups, endPanel = (group + 1) * _weights.Panels.Length / _panelGroups;
            float* output = _head is null ? _target.Pixel(n, 0, 0) + (first * _pixelStride) : unitPixels;
            float* packed = _scaled is CpuTensor scaled ? scaled.Data + (n * _weights.WeightFloats) : _weights.Data;
            // What the first sums of a panel start from.
            float* bias = _weights.Data + _weights.Panels[0].Bias;
            if (_constantFloats > 0)
            {
                AddConstants(n, firstPanel, endPanel, scratch);
                bias = scratch;
            }
            nint row = 0;
            for (int i = 0; i < _sources.Length; row += _sources[i++].Map.Shape.C)
            {
                if (_sources[i].IsConstant) continue;
                CpuTensor source = _sources[i].Map;
                float* input = source.Pixel(n, 0, 0) + (first * source.PixelStride);
                for (int p = firstPanel; p < endPanel; p++)
                {
                    Panel panel = _weights.Panels[p];
                    float* weights = packed + panel.Weights + (row * panel.Vectors * S.Width);
                    RunPanel(i, input, n, first, last - first, weights, panel, bias, output + panel.OutputChannel);
                }
            }
            if (_sums is CpuTensor sums)
            {
                for (int p = firstPanel; p < endPanel; p++)
                    AddUp(n, first, last - first, _weights.Panels[p], sums.Data + ((((nint)n * _stretches) + stretch) * _target.Channels));
            }
            _head?.Run(output, _pixelStride, last - first, _target.Pixel(n, 0, 0) + first);
        }
    }

    private static int LongestTiles(int pixels) => (pixels + LongestTile - 1) / LongestTile;

    private static int Tiles(int pixels) => (pixels + S.TileRows - 1) / S.TileRows;

    // What has been stored a moment ago and is still in the cache.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddUp(int n, int first, int pixels, Panel panel, float* sums)
    {
        for (int c = panel.OutputChannel; c < panel.OutputChannel + (panel.Vectors * S.Width); c += S.Width)
        {
            V sum = S.Broadcast(0);
            float* x = _target.Pixel(n, 0, 0) + (first * _target.PixelStride) + c;
            for (int pixel = 0; pixel < pixels; pixel++, x += _target.PixelStride) sum = S.Add(sum, S.Load(x));
            S.Store(sum, sums + c);
        }
    }

    // The bias of some panels plus their products with the inputs that are the same everywhere.
    private void AddConstants(int n, int firstPanel, int endPanel, float* sums)
    {
        for (int p = firstPanel; p < endPanel; p++)
        {
            Panel panel = _weights.Panels[p];
            nint bias = panel.Bias - _weights.Panels[0].Bias, row = 0;
            Run run;
            run.Input = run.Weights = 0;
            Tile tile = default;
            tile.Runs = &run;
            tile.RunCount = 1;
            tile.Initial = _weights.Data + panel.Bias;
            tile.Output = sums + bias;
            tile.Floor = float.NegativeInfinity;
            foreach (ConvSource source in _sources)
            {
                if (source.IsConstant)
                {
                    tile.Input = tile.Next = source.Map.Pixel(n, 0, 0);
                    run.Length = source.Map.Shape.C;
                    tile.Weights = _weights.Data + panel.Weights + (row * panel.Vectors * S.Width);
                    MicroKernel<S, V>.For(1, panel.Vectors)(&tile);
                    tile.Initial = tile.Output;
                }
                row += source.Map.Shape.C;
            }
        }
    }

    private void RunPanel(int index, float* input, int n, int first, int pixels, float* weights, Panel panel, float* bias, float* output)
    {
        bool isFirst = index == _firstSource, isLast = index == _lastSource;
        CpuTensor source = _sources[index].Map;
        Run run;
        run.Input = run.Weights = 0;
        run.Length = source.Shape.C;
        Tile tile;
        tile.Runs = &run;
        tile.RunCount = 1;
        tile.Weights = weights;
        tile.InputStride = source.PixelStride;
        tile.OutputStride = _pixelStride;
        tile.InitialStride = isFirst ? 0 : tile.OutputStride;
        tile.Residual = null;
        tile.ResidualStride = 0;
        tile.Floor = isLast ? Epilogue<S, V>.Floor(_activation) : float.NegativeInfinity;
        bool epilogue = isLast && Epilogue<S, V>.IsNeeded(_activation);
        float* residual = null;
        if (_residual is CpuTensor map && isFirst)
        {
            tile.ResidualStride = map.PixelStride;
            residual = map.Pixel(n, 0, 0) + (first * tile.ResidualStride) + panel.OutputChannel;
        }
        int tiles = Tiles(pixels);
        for (int t = 0; t < tiles; t++)
        {
            int begin = t * pixels / tiles, count = ((t + 1) * pixels / tiles) - begin;
            tile.Input = input + (begin * tile.InputStride);
            tile.Next = tile.Input + (count * tile.InputStride);
            tile.Output = output + (begin * tile.OutputStride);
            tile.Initial = isFirst ? bias + (panel.Bias - _weights.Panels[0].Bias) : tile.Output;
            if (residual != null) tile.Residual = residual + (begin * tile.ResidualStride);
            MicroKernel<S, V>.For(count, panel.Vectors)(&tile);
            if (epilogue) Epilogue<S, V>.Apply(_activation, tile.Output, tile.OutputStride, count, panel.Vectors);
        }
    }
}
