using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>
/// 1x1 convolution with stride 1: a matrix product that reads its inputs where they lie. A gate is multiplied into a copy of
/// the panel's weights. A unit is a stretch of one image's pixels, and, where these are few, some of the panels.
/// </summary>
internal sealed unsafe class PointwiseConv<S, V> : Kernel where S : struct, ISimd<V> where V : struct
{
    // What a unit reads and writes, 1 MiB: more than a small second-level cache holds, for each unit reads all its panels' weights again.
    private const int CacheFloats = 1 << 18;
    private const int WantedUnits = 16, FewestTiles = 2;
    private readonly ConvSource[] _sources;
    private readonly PackedWeights _weights;
    private readonly View _target;
    private readonly View? _residual;
    private readonly Activation _activation;
    private readonly View? _sums;
    private readonly int _pixels;
    private readonly int _pixelsPerUnit;
    private readonly int _stretches;
    private readonly int _panelGroups;

    public PointwiseConv(ConvSource[] sources, PackedWeights weights, View target, View? residual, Activation activation, View? sums)
    {
        _sources = sources;
        _weights = weights;
        _target = target;
        _residual = residual;
        _activation = activation;
        _sums = sums;
        _pixels = target.Shape.H * target.Shape.W;
        int floatsPerPixel = sources.Sum(source => source.View.Shape.C) + (int)target.PixelStride;
        bool scales = sources.Any(source => source.Scale is not null);
        int tiles = Tiles(_pixels), most = Math.Max(CacheFloats / floatsPerPixel / S.TileRows, FewestTiles);
        _stretches = (tiles + most - 1) / most;
        _pixelsPerUnit = (tiles + _stretches - 1) / _stretches * S.TileRows;
        _panelGroups = Math.Min((WantedUnits + _stretches - 1) / _stretches, weights.Panels.Length);
        ScratchFloats = scales ? sources.Max(source => source.View.Shape.C) * 2 * S.Width : 0;
    }

    public override string Name => _sources.Any(source => source.Scale is not null) ? "pointwise scaled" : "pointwise";

    public override int Units => _target.Shape.N * _stretches * _panelGroups;

    public override nint ScratchFloats { get; }

    /// <summary>Parts of an image whose pixels are added up for a pooling: [image][part][channel].</summary>
    public int Parts => _stretches;

    /// <summary>No more parts than this.</summary>
    public static int MostParts(Shape target) => (Tiles(target.H * target.W) + FewestTiles - 1) / FewestTiles;

    /// <summary>The blocks of input channels: one for each source.</summary>
    public static IReadOnlyList<int> Blocks(ConvSource[] sources) => [.. sources.Select(source => source.View.Shape.C)];

    public override void Run(int begin, int end, float* scratch)
    {
        for (int unit = begin; unit < end; unit++)
        {
            int group = unit % _panelGroups, stretch = unit / _panelGroups % _stretches, n = unit / _panelGroups / _stretches;
            int first = stretch * _pixelsPerUnit, last = Math.Min(first + _pixelsPerUnit, _pixels);
            int firstPanel = group * _weights.Panels.Length / _panelGroups, endPanel = (group + 1) * _weights.Panels.Length / _panelGroups;
            nint row = 0;
            for (int i = 0; i < _sources.Length; i++)
            {
                View source = _sources[i].View;
                float* input = source.Pixel(n, 0, 0) + (first * source.PixelStride);
                for (int p = firstPanel; p < endPanel; p++)
                {
                    Panel panel = _weights.Panels[p];
                    float* weights = _weights.Data + panel.Weights + (row * panel.Vectors * S.Width);
                    if (_sources[i].Scale is View gate) weights = Scale(weights, gate.Pixel(n, 0, 0), source.Shape.C, panel.Vectors * S.Width, scratch);
                    RunPanel(i, input, n, first, last - first, weights, panel);
                }
                row += source.Shape.C;
            }
            if (_sums is View sums)
            {
                for (int p = firstPanel; p < endPanel; p++)
                    AddUp(n, first, last - first, _weights.Panels[p], sums.Data + ((((nint)n * _stretches) + stretch) * _target.Channels));
            }
        }
    }

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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float* Scale(float* weights, float* gate, int channels, int lanes, float* scaled)
    {
        for (int c = 0; c < channels; c++)
        {
            V scale = S.Broadcast(gate[c]);
            for (int lane = c * lanes; lane < (c + 1) * lanes; lane += S.Width) S.Store(S.Multiply(S.Load(weights + lane), scale), scaled + lane);
        }
        return scaled;
    }

    private void RunPanel(int index, float* input, int n, int first, int pixels, float* weights, Panel panel)
    {
        bool isFirst = index == 0, isLast = index == _sources.Length - 1;
        View source = _sources[index].View;
        Run run;
        run.Input = run.Weights = 0;
        run.Length = source.Shape.C;
        Tile tile;
        tile.Runs = &run;
        tile.RunCount = 1;
        tile.Weights = weights;
        tile.InputStride = source.PixelStride;
        tile.OutputStride = _target.PixelStride;
        tile.InitialStride = isFirst ? 0 : tile.OutputStride;
        tile.Residual = null;
        tile.ResidualStride = 0;
        tile.Floor = isLast ? Epilogue<S, V>.Floor(_activation) : float.NegativeInfinity;
        bool epilogue = isLast && Epilogue<S, V>.IsNeeded(_activation);
        float* output = _target.Pixel(n, 0, 0) + (first * tile.OutputStride) + panel.OutputChannel, residual = null;
        if (_residual is View view && isFirst)
        {
            tile.ResidualStride = view.PixelStride;
            residual = view.Pixel(n, 0, 0) + (first * tile.ResidualStride) + panel.OutputChannel;
        }
        int tiles = Tiles(pixels);
        for (int t = 0; t < tiles; t++)
        {
            int begin = t * pixels / tiles, count = ((t + 1) * pixels / tiles) - begin;
            tile.Input = input + (begin * tile.InputStride);
            tile.Next = tile.Input + (count * tile.InputStride);
            tile.Output = output + (begin * tile.OutputStride);
            tile.Initial = isFirst ? _weights.Data + panel.Bias : tile.Output;
            if (residual != null) tile.Residual = residual + (begin * tile.ResidualStride);
            MicroKernel<S, V>.For(count, panel.Vectors)(&tile);
            if (epilogue) Epilogue<S, V>.Apply(_activation, tile.Output, tile.OutputStride, count, panel.Vectors);
        }
    }
}
