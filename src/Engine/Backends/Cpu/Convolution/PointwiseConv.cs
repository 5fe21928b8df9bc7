using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>
/// 1x1 convolution with stride 1: a matrix product that reads its inputs where they lie. Pixels of all images are one long
/// row. A unit is a stretch of pixels, or, where there are few, a stretch of pixels and one panel.
/// </summary>
internal sealed unsafe class PointwiseConv<S, V> : Kernel where S : struct, ISimd<V> where V : struct
{
    private const int CacheFloats = 1 << 16;
    private const int FewUnits = 16;
    private readonly View[] _sources;
    private readonly PackedWeights _weights;
    private readonly View _target;
    private readonly View? _residual;
    private readonly Activation _activation;
    private readonly int _pixels;
    private readonly int _pixelsPerUnit;
    private readonly int _stretches;
    private readonly int _panelsPerUnit;

    public PointwiseConv(string name, View[] sources, PackedWeights weights, View target, View? residual, Activation activation)
    {
        Name = name;
        _sources = sources;
        _weights = weights;
        _target = target;
        _residual = residual;
        _activation = activation;
        Shape shape = target.Shape;
        _pixels = shape.N * shape.H * shape.W;
        int channels = sources.Sum(source => source.Shape.C), tiles = Math.Max(CacheFloats / channels / S.TileRows, 2);
        int tilesInAll = (_pixels + S.TileRows - 1) / S.TileRows;
        _pixelsPerUnit = Math.Min(tiles, Math.Max((tilesInAll + FewUnits - 1) / FewUnits, 1)) * S.TileRows;
        _stretches = (_pixels + _pixelsPerUnit - 1) / _pixelsPerUnit;
        _panelsPerUnit = _stretches < FewUnits ? 1 : weights.Panels.Length;
    }

    public override string Name { get; }

    public override int Units => _stretches * (_weights.Panels.Length / _panelsPerUnit);

    /// <summary>The blocks of input channels: one for each source.</summary>
    public static IReadOnlyList<int> Blocks(View[] sources) => [.. sources.Select(source => source.Shape.C)];

    public override void Run(int begin, int end, float* scratch)
    {
        for (int unit = begin; unit < end; unit++)
        {
            int first = unit % _stretches * _pixelsPerUnit, last = Math.Min(first + _pixelsPerUnit, _pixels);
            int panel = unit / _stretches * _panelsPerUnit;
            for (int p = panel; p < panel + _panelsPerUnit; p++) RunPanel(first, last, _weights.Panels[p]);
        }
    }

    private void RunPanel(int first, int last, Panel panel)
    {
        int tiles = (last - first + S.TileRows - 1) / S.TileRows, lanes = panel.Vectors * S.Width;
        Run run;
        run.Input = run.Weights = 0;
        Tile tile;
        tile.Runs = &run;
        tile.RunCount = 1;
        tile.OutputStride = _target.PixelStride;
        float* weights = _weights.Data + panel.Weights;
        for (int i = 0; i < _sources.Length; i++)
        {
            View source = _sources[i];
            bool isLast = i == _sources.Length - 1;
            run.Length = source.Shape.C;
            tile.Weights = weights;
            tile.InputStride = source.PixelStride;
            tile.InitialStride = i == 0 ? 0 : tile.OutputStride;
            tile.Residual = null;
            tile.ResidualStride = 0;
            tile.Floor = isLast ? Epilogue<S, V>.Floor(_activation) : float.NegativeInfinity;
            bool epilogue = isLast && Epilogue<S, V>.IsNeeded(_activation);
            for (int t = 0; t < tiles; t++)
            {
                int begin = first + (t * (last - first) / tiles), pixels = first + ((t + 1) * (last - first) / tiles) - begin;
                tile.Input = source.Data + (begin * tile.InputStride);
                tile.Output = _target.Data + (begin * tile.OutputStride) + panel.OutputChannel;
                tile.Initial = i == 0 ? _weights.Data + panel.Bias : tile.Output;
                if (_residual is View residual && i == 0)
                {
                    tile.ResidualStride = residual.PixelStride;
                    tile.Residual = residual.Data + (begin * tile.ResidualStride) + panel.OutputChannel;
                }
                MicroKernel<S, V>.For(pixels, panel.Vectors)(&tile);
                if (epilogue) Epilogue<S, V>.Apply(_activation, tile.Output, tile.OutputStride, pixels, panel.Vectors);
            }
            weights += (nint)source.Shape.C * lanes;
        }
    }
}
