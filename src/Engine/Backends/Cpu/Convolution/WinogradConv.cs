using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>
/// 3x3 convolution with stride 1 by Winograd's filtering. A unit is some rows of tiles of one image. For each block of
/// input channels: gather the rows, transform each tile into inputs [position][tile][channel], and multiply at each of the
/// (m + 2)² positions with that position's weights into products [position][tile][output channel]. Then transform back, add
/// bias and residual, activate and store. Everything between lies in the worker's scratch.
/// </summary>
internal sealed unsafe class WinogradConv<S, V, W> : Kernel where S : struct, ISimd<V> where V : struct where W : struct, IWinograd<S, V>
{
    private const int CacheFloats = 1 << 16;
    private const int WantedTiles = 48;
    private readonly PackedWeights _weights;
    private readonly ChannelBlock[] _blocks;
    private readonly Gather _gather;
    private readonly ConvGeometry _geometry;
    private readonly View _target;
    private readonly View? _residual;
    private readonly Activation _activation;
    private readonly int _tileColumns;
    private readonly int _tileRowsPerUnit;
    private readonly int _unitsPerImage;
    private readonly nint _gatherFloats;
    private readonly nint _inputFloats;

    public WinogradConv(
        ConvSource[] sources, ConvGeometry geometry, PackedWeights weights, ConvBlocking blocking, View target, View? residual,
        Activation activation, int threads)
    {
        _weights = weights;
        _blocks = blocking.ChannelBlocks(weights);
        _target = target;
        _residual = residual;
        _activation = activation;
        int tileRows = (geometry.OutputHeight + W.Outputs - 1) / W.Outputs;
        _tileColumns = (geometry.OutputWidth + W.Outputs - 1) / W.Outputs;
        _tileRowsPerUnit = Math.Clamp(WantedTiles / _tileColumns, 1, Math.Max(1, tileRows / threads));
        _unitsPerImage = (tileRows + _tileRowsPerUnit - 1) / _tileRowsPerUnit;
        // Whole tiles: those at the right and below reach past the picture.
        _geometry = geometry with { OutputHeight = tileRows * W.Outputs, OutputWidth = _tileColumns * W.Outputs };
        _gather = new Gather(sources, _geometry, _tileRowsPerUnit * W.Outputs);
        int channels = _blocks.Max(block => block.Channels);
        _gatherFloats = View.Padded((int)_gather.Floats(channels));
        _inputFloats = (nint)Positions * Tiles * View.Padded(channels);
        ScratchFloats = _gatherFloats + _inputFloats + ((nint)Positions * Tiles * target.PixelStride);
    }

    public override string Name => $"winograd {W.Outputs}x{W.Outputs}{(_weights.Groups > 1 ? $" grouped {_weights.Groups}" : "")}";

    public override int Units => _target.Shape.N * _unitsPerImage;

    public override nint ScratchFloats { get; }

    private static int TileSize => W.Outputs + 2;

    private static int Positions => TileSize * TileSize;

    private int Tiles => _tileRowsPerUnit * _tileColumns;

    /// <summary>How the input channels are cut, by shape alone.</summary>
    public static ConvBlocking Blocking(ConvGeometry geometry, int channels)
    {
        int columns = (geometry.OutputWidth + W.Outputs - 1) / W.Outputs;
        int perChannel = Positions * Math.Max(columns, Math.Min(WantedTiles, columns * ((geometry.OutputHeight + W.Outputs - 1) / W.Outputs)));
        int blocks = Math.Max(1, ((channels * perChannel) + CacheFloats - 1) / CacheFloats);
        return new ConvBlocking(1, Math.Min(channels, View.Padded((channels + blocks - 1) / blocks)), channels, Positions);
    }

    /// <summary>G g Gᵀ for each 3x3 kernel, computed in double and rounded once: [K, C/groups, m + 2, m + 2].</summary>
    public static ConvWeights Transform(ConvWeights weights)
    {
        int size = TileSize, kernels = weights.Values.Length / 9;
        var result = new float[kernels * size * size];
        ReadOnlySpan<double> g = W.WeightTransform;
        Span<double> half = stackalloc double[size * 3];
        for (int kernel = 0; kernel < kernels; kernel++)
        {
            ReadOnlySpan<float> w = weights.Values.AsSpan(kernel * 9, 9);
            for (int i = 0; i < size; i++)
            {
                for (int s = 0; s < 3; s++) half[(i * 3) + s] = (g[i * 3] * w[s]) + (g[(i * 3) + 1] * w[3 + s]) + (g[(i * 3) + 2] * w[6 + s]);
            }
            for (int i = 0; i < size; i++)
            {
                for (int j = 0; j < size; j++)
                {
                    result[(((kernel * size) + i) * size) + j] =
                        (float)((half[i * 3] * g[j * 3]) + (half[(i * 3) + 1] * g[(j * 3) + 1]) + (half[(i * 3) + 2] * g[(j * 3) + 2]));
                }
            }
        }
        return weights with { Values = result, R = size, S = size };
    }

    public override void Run(int begin, int end, float* scratch)
    {
        float* inputs = scratch + _gatherFloats, products = inputs + _inputFloats;
        for (int unit = begin; unit < end; unit++)
        {
            int n = unit / _unitsPerImage, first = unit % _unitsPerImage * _tileRowsPerUnit;
            int rows = Math.Min(_tileRowsPerUnit, (_geometry.OutputHeight / W.Outputs) - first);
            foreach (ChannelBlock block in _blocks)
            {
                _gather.Fill(scratch, n, first * W.Outputs, (first + rows) * W.Outputs, block.Channel, block.Channels, clearOutside: true);
                TransformInputs(scratch, inputs, rows, block.Channels);
                Multiply(inputs, products, rows * _tileColumns, block);
            }
            foreach (Panel panel in _weights.Panels)
            {
                for (int v = 0; v < panel.Vectors; v++)
                    TransformOutputs(products, n, first, rows, panel.OutputChannel + (v * S.Width), _weights.Data + panel.Bias + (v * S.Width));
            }
        }
    }

    [SkipLocalsInit, MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void TransformInputs(float* gathered, float* inputs, int rows, int channels)
    {
        float* half = stackalloc float[TileSize * TileSize * View.Lanes];
        nint stride = View.Padded(channels), position = Tiles * stride, pitch = (nint)_geometry.PaddedWidth * channels;
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < _tileColumns; column++)
            {
                float* window = gathered + (row * W.Outputs * pitch) + ((nint)column * W.Outputs * channels);
                float* output = inputs + ((((nint)row * _tileColumns) + column) * stride);
                for (int c = 0; c < channels; c += S.Width)
                {
                    for (int j = 0; j < TileSize; j++) W.Input(window + ((nint)j * channels) + c, pitch, half + (j * S.Width), TileSize * S.Width);
                    for (int i = 0; i < TileSize; i++) W.Input(half + (i * TileSize * S.Width), S.Width, output + (i * TileSize * position) + c, position);
                }
            }
        }
    }

    private void Multiply(float* inputs, float* products, int tiles, ChannelBlock block)
    {
        nint stride = View.Padded(block.Channels);
        int channels = block.PerGroup ? _weights.InputsPerGroup : block.Channels, calls = (tiles + S.TileRows - 1) / S.TileRows;
        float* zero = stackalloc float[2 * View.Lanes];
        new Span<float>(zero, 2 * View.Lanes).Clear();
        Run run;
        run.Input = run.Weights = 0;
        run.Length = channels;
        Tile tile;
        tile.Runs = &run;
        tile.RunCount = 1;
        tile.InputStride = stride;
        tile.InitialStride = block.IsFirst ? 0 : _target.PixelStride;
        tile.Residual = null;
        tile.ResidualStride = 0;
        tile.OutputStride = _target.PixelStride;
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
                    nint at = ((nint)position * Tiles) + begin;
                    tile.Input = inputs + (at * stride) + offset;
                    tile.Output = products + (at * tile.OutputStride) + panel.OutputChannel;
                    tile.Initial = block.IsFirst ? zero : tile.Output;
                    MicroKernel<S, V>.For(count, panel.Vectors)(&tile);
                }
            }
        }
    }

    [SkipLocalsInit, MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void TransformOutputs(float* products, int n, int first, int rows, int channel, float* biases)
    {
        float* half = stackalloc float[TileSize * W.Outputs * View.Lanes], result = stackalloc float[W.Outputs * W.Outputs * View.Lanes];
        nint position = Tiles * _target.PixelStride;
        V bias = S.Load(biases);
        for (int row = 0; row < rows; row++)
        {
            int top = (first + row) * W.Outputs, height = Math.Min(W.Outputs, _target.Shape.H - top);
            for (int column = 0; column < _tileColumns; column++)
            {
                int left = column * W.Outputs, width = Math.Min(W.Outputs, _target.Shape.W - left);
                float* input = products + ((((nint)row * _tileColumns) + column) * _target.PixelStride) + channel;
                for (int j = 0; j < TileSize; j++) W.Output(input + (j * position), TileSize * position, half + (j * S.Width), TileSize * S.Width);
                for (int i = 0; i < W.Outputs; i++) W.Output(half + (i * TileSize * S.Width), S.Width, result + (i * W.Outputs * S.Width), S.Width);
                for (int i = 0; i < height; i++)
                {
                    float* output = _target.Pixel(n, top + i, left) + channel;
                    for (int j = 0; j < width; j++, output += _target.PixelStride)
                    {
                        V value = S.Add(S.Load(result + (((i * W.Outputs) + j) * S.Width)), bias);
                        if (_residual is View residual) value = S.Add(value, S.Load(residual.Pixel(n, top + i, left + j) + channel));
                        S.Store(Elementary<S, V>.Activate(value, _activation), output);
                    }
                }
            }
        }
    }
}
