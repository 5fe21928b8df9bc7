using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>
/// Convolution of each channel with its own window. A unit is an output row; a tile is eight pixels of it by one vector of
/// channels, held in registers over all taps. Weights are packed as [R][S][channel]. Pixels whose window hangs over a side
/// are computed one by one.
/// </summary>
internal sealed unsafe class DepthwiseConv<S, V> : Kernel where S : struct, ISimd<V> where V : struct
{
    private const int TilePixels = 8;
    private readonly View _source;
    private readonly View _target;
    private readonly View? _rowSums;
    private readonly ConvGeometry _geometry;
    private readonly float* _weights;
    private readonly float* _bias;
    private readonly int _channels;
    private readonly int _insideBegin;
    private readonly int _insideEnd;
    private readonly delegate*<Taps, int, void> _tile;
    private readonly delegate*<Taps, int, void> _pixel;

    public DepthwiseConv(string name, View source, ConvGeometry geometry, NativeMemoryBlock packed, View target, View? rowSums, Activation activation)
    {
        Name = name;
        _source = source;
        _target = target;
        _rowSums = rowSums;
        _geometry = geometry;
        _channels = (int)source.PixelStride;
        _weights = packed.Data;
        _bias = packed.Data + ((nint)geometry.R * geometry.S * _channels);
        // The output columns whose windows lie inside the picture.
        int reach = (geometry.S - 1) * geometry.Dilation, width = source.Shape.W;
        _insideBegin = Math.Min((Math.Max(geometry.PadLeft, 0) + geometry.Stride - 1) / geometry.Stride, geometry.OutputWidth);
        int room = width - 1 - reach + geometry.PadLeft;
        _insideEnd = Math.Clamp(room < 0 ? 0 : (room / geometry.Stride) + 1, _insideBegin, geometry.OutputWidth);
        switch (activation)
        {
            case Activation.ReLU: _tile = &Tile<ReLU>; _pixel = &Pixel<ReLU>; break;
            case Activation.SiLU: _tile = &Tile<SiLU>; _pixel = &Pixel<SiLU>; break;
            case Activation.Sigmoid: _tile = &Tile<Sigmoid>; _pixel = &Pixel<Sigmoid>; break;
            default: _tile = &Tile<Identity>; _pixel = &Pixel<Identity>; break;
        }
    }

    public override string Name { get; }

    public override int Units => _target.Shape.N * _geometry.OutputHeight;

    /// <summary>Packs weights [C, 1, R, S] and the bias, channels padded with zeros.</summary>
    public static NativeMemoryBlock Pack(ConvWeights weights)
    {
        int taps = weights.R * weights.S, channels = View.Padded(weights.C);
        var packed = new NativeMemoryBlock((nint)(taps + 1) * channels);
        for (int c = 0; c < weights.C; c++)
        {
            for (int tap = 0; tap < taps; tap++) packed.Data[(tap * channels) + c] = weights.Values[(c * taps) + tap];
            packed.Data[(taps * channels) + c] = weights.Bias?[c] ?? 0;
        }
        return packed;
    }

    public override void Run(int begin, int end, float* scratch)
    {
        for (int unit = begin; unit < end; unit++)
        {
            int n = unit / _geometry.OutputHeight, h = unit % _geometry.OutputHeight;
            int w = 0, tiles = (_insideEnd - _insideBegin) / TilePixels;
            for (; w < _insideBegin; w++) _pixel(At(n, h, w), 1);
            if (tiles > 0) _tile(At(n, h, w), tiles);
            for (w += tiles * TilePixels; w < _geometry.OutputWidth; w++) _pixel(At(n, h, w), 1);
            if (_rowSums is View sums) AddUp(_target.Pixel(n, h, 0), sums.Data + ((nint)unit * _channels));
        }
    }

    // The row has just been written and is still in the cache.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddUp(float* row, float* sums)
    {
        for (int c = 0; c < _channels; c += S.Width)
        {
            V sum = S.Broadcast(0);
            float* x = row + c;
            for (int w = 0; w < _geometry.OutputWidth; w++, x += _channels) sum = S.Add(sum, S.Load(x));
            S.Store(sum, sums + c);
        }
    }

    private Taps At(int n, int h, int w)
    {
        int top = _geometry.InputRow(h, 0), left = (w * _geometry.Stride) - _geometry.PadLeft, d = _geometry.Dilation;
        Taps span;
        span.FirstRow = top < 0 ? (-top + d - 1) / d : 0;
        span.EndRow = Math.Min(_geometry.R, (_source.Shape.H - top + d - 1) / d);
        span.FirstColumn = left < 0 ? (-left + d - 1) / d : 0;
        span.EndColumn = Math.Min(_geometry.S, (_source.Shape.W - left + d - 1) / d);
        span.Input = _source.Pixel(n, 0, 0) + (top * _source.RowStride) + (left * _source.PixelStride);
        span.Output = _target.Pixel(n, h, w);
        span.Weights = _weights;
        span.Bias = _bias;
        span.Channels = _channels;
        span.Columns = _geometry.S;
        span.RowStep = d * _source.RowStride;
        span.ColumnStep = d * _source.PixelStride;
        span.PixelStep = _geometry.Stride * _source.PixelStride;
        return span;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile<F>(Taps t, int tiles) where F : struct, IConstant
    {
        nint p1 = t.PixelStep, p2 = 2 * p1, p3 = 3 * p1;
        for (int tile = 0; tile < tiles; tile++, t.Input += TilePixels * t.PixelStep, t.Output += TilePixels * t.Channels)
        {
            for (int c = 0; c < t.Channels; c += S.Width)
            {
                V bias = S.Load(t.Bias + c);
                V a0 = bias, a1 = bias, a2 = bias, a3 = bias, a4 = bias, a5 = bias, a6 = bias, a7 = bias;
                for (int r = t.FirstRow; r < t.EndRow; r++)
                {
                    float* x = t.Input + (r * t.RowStep) + c, w = t.Weights + ((nint)r * t.Columns * t.Channels) + c;
                    for (int s = 0; s < t.Columns; s++, x += t.ColumnStep, w += t.Channels)
                    {
                        V weight = S.Load(w);
                        float* y = x + p3 + p1;
                        a0 = S.MultiplyAdd(S.Load(x), weight, a0);
                        a1 = S.MultiplyAdd(S.Load(x + p1), weight, a1);
                        a2 = S.MultiplyAdd(S.Load(x + p2), weight, a2);
                        a3 = S.MultiplyAdd(S.Load(x + p3), weight, a3);
                        a4 = S.MultiplyAdd(S.Load(y), weight, a4);
                        a5 = S.MultiplyAdd(S.Load(y + p1), weight, a5);
                        a6 = S.MultiplyAdd(S.Load(y + p2), weight, a6);
                        a7 = S.MultiplyAdd(S.Load(y + p3), weight, a7);
                    }
                }
                float* o = t.Output + c;
                Finish<F>(a0, o);
                Finish<F>(a1, o += t.Channels);
                Finish<F>(a2, o += t.Channels);
                Finish<F>(a3, o += t.Channels);
                Finish<F>(a4, o += t.Channels);
                Finish<F>(a5, o += t.Channels);
                Finish<F>(a6, o += t.Channels);
                Finish<F>(a7, o + t.Channels);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pixel<F>(Taps t, int _) where F : struct, IConstant
    {
        for (int c = 0; c < t.Channels; c += S.Width)
        {
            V sum = S.Load(t.Bias + c);
            for (int r = t.FirstRow; r < t.EndRow; r++)
            {
                for (int s = t.FirstColumn; s < t.EndColumn; s++)
                {
                    V x = S.Load(t.Input + (r * t.RowStep) + (s * t.ColumnStep) + c);
                    sum = S.MultiplyAdd(x, S.Load(t.Weights + ((((nint)r * t.Columns) + s) * t.Channels) + c), sum);
                }
            }
            Finish<F>(sum, t.Output + c);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<F>(V sum, float* output) where F : struct, IConstant =>
        S.Store(Elementary<S, V>.Activate(sum, (Activation)F.Value), output);

    /// <summary>A pixel, or the first of a tile: what it reads and the taps that lie inside the picture.</summary>
    private struct Taps
    {
        public float* Input;
        public float* Output;
        public float* Weights;
        public float* Bias;
        public nint RowStep;
        public nint ColumnStep;
        public nint PixelStep;
        public int Channels;
        public int Columns;
        public int FirstRow;
        public int EndRow;
        public int FirstColumn;
        public int EndColumn;
    }
}
