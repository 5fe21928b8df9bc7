using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>
/// 3x3 convolution with stride 1, dilated or not, by Winograd's filtering. A unit is some tiles of one image and some panels
/// of weights. For each block of input channels it transforms each tile into inputs [position][tile][channel] and multiplies
/// at each of the (m + 2)² positions with that position's weights into products [position][tile][output channel]. After the last
/// block, or each of a grouped convolution's, it transforms back, adds bias and residual, activates and stores. Everything between lies in
/// the worker's scratch.
/// </summary>
internal sealed unsafe class WinogradConv<S, V, W> : Kernel where S : struct, ISimd<V> where V : struct where W : struct, IWinograd<S, V>
{
    // Tiles of a unit: one call of the micro-kernel, or some where weights do not stay in the second-level cache, or many where they come
    // from memory each time.
    private const int FewTiles = 12, SomeTiles = 24, ManyTiles = 48;
    private const long SomeWeights = 2 << 20, ManyWeights = 16 << 20;

    // Input channels of a block: inputs and products of a few tiles stay in the second-level cache.
    private const int MaxChannels = 256;

    // Floats ahead of the vector that is transformed.
    private const int PrefetchDistance = 48;
    private readonly PackedWeights _weights;
    private readonly ChannelBlock[] _blocks;
    private readonly ConvSource[] _sources;
    private readonly ConvGeometry _geometry;
    private readonly WinogradTiles _tiles;
    private readonly CpuTensor _target;
    private readonly CpuTensor? _residual;
    private readonly delegate*<in TileOutput, int, void> _transformOutput;
    private readonly int _tilesPerUnit;
    private readonly int _stretches;
    private readonly int _panelGroups;
    private readonly int _productStride;
    private readonly nint _windowFloats;
    private readonly nint _inputFloats;

    public WinogradConv(
        ConvSource[] sources, ConvGeometry geometry, PackedWeights weights, ConvBlocking blocking, CpuTensor target, CpuTensor? residual,
        Activation activation, int threads)
    {
        _weights = weights;
        _blocks = blocking.ChannelBlocks(weights);
        _sources = sources;
        _geometry = geometry;
        _target = target;
        _residual = residual;
        _tiles = new WinogradTiles(geometry.OutputHeight, geometry.OutputWidth, W.Outputs, geometry.Dilation);
        int channels = _blocks.Max(block => block.Channels);
        _productStride = _blocks.Max(block => EndOutput(block) - FirstOutput(block));
        int maximum = weights.Bytes switch { > ManyWeights => ManyTiles, > SomeWeights => SomeTiles, _ => FewTiles };
        _stretches = (_tiles.Count + maximum - 1) / maximum;
        // Of so few units each thread has as many as the others.
        if (maximum == SomeTiles) _stretches = (_stretches + threads - 1) / threads * threads;
        _tilesPerUnit = (_tiles.Count + _stretches - 1) / _stretches;
        _panelGroups = Math.Min(weights.Panels.Length, Math.Max(1, threads / (target.Shape.N * _stretches)));
        _windowFloats = (nint)Positions * CpuTensor.Padded(channels);
        _inputFloats = Positions * PositionFloats(CpuTensor.Padded(channels));
        ScratchFloats = HalfFloats + _windowFloats + _inputFloats + (Positions * PositionFloats(_productStride));
        switch (activation)
        {
            case Activation.ReLU: _transformOutput = &TransformOutput<ReLU>; break;
            case Activation.SiLU: _transformOutput = &TransformOutput<SiLU>; break;
            case Activation.Sigmoid: _transformOutput = &TransformOutput<Sigmoid>; break;
            case Activation.ReLU6: _transformOutput = &TransformOutput<ReLU6>; break;
            case Activation.HardSigmoid: _transformOutput = &TransformOutput<HardSigmoid>; break;
            case Activation.HardSwish: _transformOutput = &TransformOutput<HardSwish>; break;
            default: _transformOutput = &TransformOutput<Identity>; break;
        }
    }

    public override string Name => $"winograd {W.Outputs}x{W.Outputs}{(_weights.Groups > 1 ? $" grouped {_weights.Groups}" : "")}";

    public override KernelKind Kind => new(GetType(), Variant: _weights.Groups);

    public override int Units => _target.Shape.N * _stretches * _panelGroups;

    public override nint ScratchFloats { get; }

    private static int TileSize => W.Outputs + 2;

    private static int Positions => TileSize * TileSize;

    private static nint HalfFloats => Positions * CpuTensor.Lanes;

    /// <summary>How the input channels are cut: whatever the map, so that a model's plans share the packed weights.</summary>
    public static ConvBlocking Blocking(int channels)
    {
        int blocks = (channels + MaxChannels - 1) / MaxChannels;
        return new ConvBlocking(1, Math.Min(channels, CpuTensor.Padded((channels + blocks - 1) / blocks)), channels, Positions);
    }

    public override void Run(int begin, int end, float* scratch)
    {
        float* half = scratch, window = half + HalfFloats, inputs = window + _windowFloats, products = inputs + _inputFloats;
        for (int unit = begin; unit < end; unit++)
        {
            int group = unit % _panelGroups, stretch = unit / _panelGroups % _stretches, n = unit / _panelGroups / _stretches;
            int firstPanel = group * _weights.Panels.Length / _panelGroups, endPanel = (group + 1) * _weights.Panels.Length / _panelGroups;
            int first = stretch * _tilesPerUnit, tiles = Math.Min(_tilesPerUnit, _tiles.Count - first);
            foreach (ChannelBlock all in _blocks)
            {
                ChannelBlock block = all with
                {
                    FirstPanel = Math.Max(firstPanel, all.FirstPanel),
                    EndPanel = Math.Min(endPanel, all.EndPanel)
                };
                if (block.FirstPanel >= block.EndPanel) continue;
                nint stride = CpuTensor.Padded(block.Channels);
                for (int tile = 0; tile < tiles; tile++) TransformInput(n, first + tile, block, half, window, inputs + (tile * stride));
                Multiply(inputs, products, tiles, block);
                if (!block.IsLast) continue;
                for (int tile = 0; tile < tiles; tile++) TransformOutputs(n, first + tile, block, half, products + (tile * _productStride));
            }
        }
    }

    // One vector more, so that positions do not all fall into one set of the cache, and the last tile's last vector may run over.
    private nint PositionFloats(nint stride) => (_tilesPerUnit * stride) + CpuTensor.Lanes;

    // The output channels of a block's panels, from the first to before the end.
    private int FirstOutput(ChannelBlock block) => _weights.Panels[block.FirstPanel].OutputChannel;

    private int EndOutput(ChannelBlock block)
    {
        Panel last = _weights.Panels[block.EndPanel - 1];
        return last.OutputChannel + (last.Vectors * S.Width);
    }

    private void TransformInput(int n, int tile, ChannelBlock block, float* half, float* window, float* inputs)
    {
        int dilation = _geometry.Dilation, reach = (TileSize - 1) * dilation;
        int top = _tiles.Rows[tile] - _geometry.PadTop, left = _tiles.Columns[tile] - _geometry.PadLeft;
        nint position = PositionFloats(CpuTensor.Padded(block.Channels));
        float** rows = stackalloc float*[TileSize];
        nint* columns = stackalloc nint[TileSize];
        int start = 0;
        foreach (ConvSource source in _sources)
        {
            int from = Math.Max(block.Channel, start), to = Math.Min(block.Channel + block.Channels, start + source.Map.Shape.C);
            if (from < to)
            {
                if (top >= 0 && left >= 0 && top + reach < source.Height && left + reach < source.Width && source.IsPlain)
                {
                    for (int i = 0; i < TileSize; i++)
                    {
                        rows[i] = source.Map.Pixel(n, (top + (i * dilation)) / source.Repeat, 0) + (from - start);
                        columns[i] = (left + (i * dilation)) / source.Repeat * source.Map.PixelStride;
                    }
                }
                else
                {
                    int stride = CpuTensor.Padded(to - from);
                    source.CopyWindow(n, top, left, TileSize, dilation, from - start, to - from, window, stride);
                    for (int i = 0; i < TileSize; i++)
                    {
                        rows[i] = window + (i * TileSize * stride);
                        columns[i] = i * stride;
                    }
                }
                // What a source's last vector holds past its channels is overwritten by the next source, or never read.
                TransformInput(rows, columns, to - from, half, inputs + (from - block.Channel), position);
            }
            start += source.Map.Shape.C;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TransformInput(float** rows, nint* columns, int channels, float* half, float* inputs, nint position)
    {
        for (int c = 0; c < channels; c += S.Width)
        {
            for (int j = 0; j < TileSize; j++) W.Input(new Scattered(rows, columns[j] + c), half + (j * S.Width), TileSize * S.Width);
            float* output = inputs + c;
            // The tiles above and to the left have read the first two rows and columns.
            for (int i = 2; i < TileSize; i++)
            {
                for (int j = 2; j < TileSize; j++) S.Prefetch(rows[i] + columns[j] + c + PrefetchDistance);
            }
            for (int i = 0; i < TileSize; i++, output += TileSize * position)
                W.Input(new Strided(half + (i * TileSize * S.Width), S.Width), output, position);
        }
    }

    private void Multiply(float* inputs, float* products, int tiles, ChannelBlock block)
    {
        nint stride = CpuTensor.Padded(block.Channels);
        nint inputPosition = PositionFloats(stride), productPosition = PositionFloats(_productStride);
        int channels = block.PerGroup ? _weights.InputsPerGroup : block.Channels, calls = (tiles + S.TileRows - 1) / S.TileRows;
        float* zero = stackalloc float[2 * CpuTensor.Lanes];
        new Span<float>(zero, 2 * CpuTensor.Lanes).Clear();
        Run run;
        run.Input = run.Weights = 0;
        run.Length = channels;
        Tile tile;
        tile.Runs = &run;
        tile.RunCount = 1;
        tile.InputStride = stride;
        tile.InitialStride = block.IsFirst ? 0 : _productStride;
        tile.Residual = null;
        tile.ResidualStride = 0;
        tile.OutputStride = _productStride;
        tile.Floor = float.NegativeInfinity;
        for (int p = block.FirstPanel; p < block.EndPanel; p++)
        {
            Panel panel = _weights.Panels[p];
            int lanes = panel.Vectors * S.Width;
            nint offset = block.PerGroup ? (panel.Group * _weights.InputsPerGroup) - block.Channel : 0;
            tile.Weights = _weights.Data + panel.Weights + (block.WeightRow * lanes);
            for (int position = 0; position < Positions; position++, tile.Weights += (nint)channels * lanes)
            {
                for (int t = 0; t < calls; t++)
                {
                    int begin = t * tiles / calls, count = ((t + 1) * tiles / calls) - begin;
                    tile.Input = inputs + (position * inputPosition) + (begin * stride) + offset;
                    // The inputs are in the cache, the next position's weights may come from memory: each call asks for one half of them.
                    tile.Next = tile.Weights + ((nint)channels * lanes) + ((nint)(t % 2) * channels * S.Width);
                    tile.Output = products + (position * productPosition) + (begin * tile.OutputStride)
                        + panel.OutputChannel - FirstOutput(block);
                    tile.Initial = block.IsFirst ? zero : tile.Output;
                    MicroKernel<S, V>.For(count, panel.Vectors)(&tile);
                }
            }
        }
    }

    private void TransformOutputs(int n, int tile, ChannelBlock block, float* half, float* products)
    {
        int row = _tiles.Rows[tile], column = _tiles.Columns[tile], dilation = _geometry.Dilation;
        TileOutput t;
        t.Half = half;
        t.Position = PositionFloats(_productStride);
        t.Rows = Math.Min(W.Outputs, (_target.Shape.H - row + dilation - 1) / dilation);
        t.Columns = Math.Min(W.Outputs, (_target.Shape.W - column + dilation - 1) / dilation);
        t.RowStep = dilation * _target.RowStride;
        t.ColumnStep = dilation * _target.PixelStride;
        t.ResidualRowStep = t.ResidualColumnStep = 0;
        float* output = _target.Pixel(n, row, column), residual = null;
        if (_residual is CpuTensor map)
        {
            residual = map.Pixel(n, row, column);
            t.ResidualRowStep = dilation * map.RowStride;
            t.ResidualColumnStep = dilation * map.PixelStride;
        }
        for (int p = block.FirstPanel; p < block.EndPanel; p++)
        {
            Panel panel = _weights.Panels[p];
            t.Products = products + panel.OutputChannel - FirstOutput(block);
            t.Bias = _weights.Data + panel.Bias;
            t.Output = output + panel.OutputChannel;
            t.Residual = residual == null ? null : residual + panel.OutputChannel;
            _transformOutput(in t, panel.Vectors * S.Width);
        }
    }

    [SkipLocalsInit, MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TransformOutput<F>(in TileOutput t, int channels) where F : struct, IConstant
    {
        float* result = t.Half + (TileSize * W.Outputs * S.Width);
        for (int c = 0; c < channels; c += S.Width)
        {
            V bias = S.Load(t.Bias + c);
            for (int j = 0; j < TileSize; j++)
                W.Output(new Strided(t.Products + c + (j * t.Position), TileSize * t.Position), t.Half + (j * S.Width), TileSize * S.Width);
            for (int i = 0; i < t.Rows; i++)
            {
                W.Output(new Strided(t.Half + (i * TileSize * S.Width), S.Width), result, S.Width);
                float* output = t.Output + (i * t.RowStep) + c, residual = t.Residual + (i * t.ResidualRowStep) + c;
                for (int j = 0; j < t.Columns; j++, output += t.ColumnStep, residual += t.ResidualColumnStep)
                {
                    V value = S.Add(S.Load(result + (j * S.Width)), bias);
                    if (t.Residual != null) value = S.Add(value, S.Load(residual));
                    S.Store(Elementary<S, V>.Activate(value, (Activation)F.Value), output);
                }
            }
        }
    }

    /// <summary>Where a tile's products lie and where its pixels go.</summary>
    private struct TileOutput
    {
        public float* Half;
        public float* Products;
        public nint Position;
        public float* Bias;
        public float* Output;
        public int Rows;
        public int Columns;
        public nint RowStep;
        public nint ColumnStep;
        public float* Residual;
        public nint ResidualRowStep;
        public nint ResidualColumnStep;
    }
}
