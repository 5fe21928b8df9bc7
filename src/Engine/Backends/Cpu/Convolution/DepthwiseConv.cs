using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>
/// Convolution of each channel with its own window. A unit is a slab of channels over some rows of one image: it walks down
/// the rows with a ring of the input rows in reach, [row][padded column][channel of the slab], that stays in the cache. A
/// tile is eight pixels by one vector of channels, held in registers over all taps. Weights are packed as [R][S][channel].
/// </summary>
internal sealed unsafe class DepthwiseConv<S, V> : Kernel where S : struct, ISimd<V> where V : struct
{
    private const int TilePixels = 8;

    // A quarter of the smallest common second-level cache, 1 MiB, for the ring.
    private const int CacheFloats = 1 << 16;

    // Slabs hold whole panels of any instruction set.
    private const int SlabStep = 32;
    private readonly IRowSource _rows;
    private readonly int _images;
    private readonly int _inputHeight;
    private readonly ConvGeometry _geometry;
    private readonly NativeMemoryBlock _packed;
    private readonly Target _target;
    private readonly View? _rowSums;
    private readonly int _channels;
    private readonly int _slab;
    private readonly int _slabs;
    private readonly int _ranges;
    private readonly int _ringRows;
    private readonly delegate*<in Taps, int, void> _tiles;
    private readonly delegate*<in Taps, int, void> _pixels;

    public DepthwiseConv(
        string name, IRowSource rows, Shape input, ConvGeometry geometry, NativeMemoryBlock packed, View target, View? rowSums,
        Activation activation, int threads)
    {
        Name = name;
        _rows = rows;
        _images = input.N;
        _inputHeight = input.H;
        _geometry = geometry;
        _packed = packed;
        _target = new Target(target);
        _rowSums = rowSums;
        _channels = View.Padded(input.C);
        _ringRows = Math.Min(((geometry.R - 1) * geometry.Dilation) + 1, input.H);
        int widest = Math.Max(CacheFloats / (_ringRows * geometry.PaddedWidth) / SlabStep, 1) * SlabStep;
        int slabs = (_channels + widest - 1) / widest;
        _slab = ((_channels + slabs - 1) / slabs + SlabStep - 1) / SlabStep * SlabStep;
        _slabs = (_channels + _slab - 1) / _slab;
        // Each range of rows fills its ring anew, so as few ranges as keep all threads at work.
        _ranges = 1;
        while (_images * _slabs * _ranges % threads != 0 && _images * _slabs * _ranges < 4 * threads && _ranges < geometry.OutputHeight) _ranges++;
        switch (activation)
        {
            case Activation.ReLU: _tiles = &RunTiles<ReLU>; _pixels = &RunPixels<ReLU>; break;
            case Activation.SiLU: _tiles = &RunTiles<SiLU>; _pixels = &RunPixels<SiLU>; break;
            case Activation.Sigmoid: _tiles = &RunTiles<Sigmoid>; _pixels = &RunPixels<Sigmoid>; break;
            default: _tiles = &RunTiles<Identity>; _pixels = &RunPixels<Identity>; break;
        }
    }

    public override string Name { get; }

    public override int Units => _images * _slabs * _ranges;

    public override nint ScratchFloats => ((nint)_ringRows * _geometry.PaddedWidth * _slab) + View.Lanes;

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
            int range = unit % _ranges, slab = unit / _ranges % _slabs, n = unit / _ranges / _slabs;
            int first = range * _geometry.OutputHeight / _ranges, last = (range + 1) * _geometry.OutputHeight / _ranges;
            RunUnit(scratch, n, slab * _slab, Math.Min(_slab, _channels - (slab * _slab)), first, last);
        }
    }

    [SkipLocalsInit]
    private void RunUnit(float* ring, int n, int channel, int channels, int first, int last)
    {
        nint pitch = (nint)_geometry.PaddedWidth * channels;
        NativeMemory.Clear(ring, (nuint)(_ringRows * pitch * sizeof(float)));
        float** rows = stackalloc float*[_geometry.R];
        int next = Math.Max(_geometry.InputRow(first, 0), 0), width = _geometry.OutputWidth, tiles = width / TilePixels;
        Taps taps;
        taps.Rows = rows;
        taps.Weights = _packed.Data + channel;
        taps.Bias = taps.Weights + ((nint)_geometry.R * _geometry.S * _channels);
        taps.WeightStep = _channels;
        taps.Columns = _geometry.S;
        taps.ColumnStep = (nint)_geometry.Dilation * channels;
        taps.PixelStep = (nint)_geometry.Stride * channels;
        taps.Channels = channels;
        taps.OutputStep = _target.PixelStride;
        for (int h = first; h < last; h++)
        {
            for (int newest = Math.Min(_geometry.InputRow(h, _geometry.R - 1), _inputHeight - 1); next <= newest; next++)
                _rows.FillRow(ring + (next % _ringRows * pitch), n, next, channel, channels);
            taps.FirstRow = _geometry.R;
            taps.EndRow = 0;
            for (int r = 0; r < _geometry.R; r++)
            {
                int row = _geometry.InputRow(h, r);
                if ((uint)row >= (uint)_inputHeight) continue;
                rows[r] = ring + (row % _ringRows * pitch);
                taps.FirstRow = Math.Min(taps.FirstRow, r);
                taps.EndRow = r + 1;
            }
            taps.Column = 0;
            taps.Output = _target.Pixel(n, h, 0) + channel;
            if (tiles > 0) _tiles(in taps, tiles);
            taps.Column = tiles * TilePixels * taps.PixelStep;
            taps.Output += tiles * TilePixels * taps.OutputStep;
            _pixels(in taps, width - (tiles * TilePixels));
            if (_rowSums is View sums)
                AddUp(_target.Pixel(n, h, 0) + channel, channels, sums.Data + ((((nint)n * _geometry.OutputHeight) + h) * _channels) + channel);
        }
    }

    // The row has just been written and is still in the cache.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddUp(float* row, int channels, float* sums)
    {
        for (int c = 0; c < channels; c += S.Width)
        {
            V sum = S.Broadcast(0);
            float* x = row + c;
            for (int w = 0; w < _geometry.OutputWidth; w++, x += _target.PixelStride) sum = S.Add(sum, S.Load(x));
            S.Store(sum, sums + c);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RunTiles<F>(in Taps t, int tiles) where F : struct, IConstant
    {
        nint p1 = t.PixelStep, p2 = 2 * p1, p3 = 3 * p1, columnStep = t.ColumnStep, weightStep = t.WeightStep;
        for (int tile = 0; tile < tiles; tile++)
        {
            for (int c = 0; c < t.Channels; c += S.Width)
            {
                V bias = S.Load(t.Bias + c);
                V a0 = bias, a1 = bias, a2 = bias, a3 = bias, a4 = bias, a5 = bias, a6 = bias, a7 = bias;
                for (int r = t.FirstRow; r < t.EndRow; r++)
                {
                    float* x = t.Rows[r] + t.Column + (tile * TilePixels * p1) + c, w = t.Weights + ((nint)r * t.Columns * weightStep) + c;
                    for (int s = t.Columns; s > 0; s--, x += columnStep, w += weightStep)
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
                float* o = t.Output + (tile * TilePixels * t.OutputStep) + c;
                Finish<F>(a0, o);
                Finish<F>(a1, o += t.OutputStep);
                Finish<F>(a2, o += t.OutputStep);
                Finish<F>(a3, o += t.OutputStep);
                Finish<F>(a4, o += t.OutputStep);
                Finish<F>(a5, o += t.OutputStep);
                Finish<F>(a6, o += t.OutputStep);
                Finish<F>(a7, o + t.OutputStep);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RunPixels<F>(in Taps t, int pixels) where F : struct, IConstant
    {
        for (int pixel = 0; pixel < pixels; pixel++)
        {
            for (int c = 0; c < t.Channels; c += S.Width)
            {
                V sum = S.Load(t.Bias + c);
                for (int r = t.FirstRow; r < t.EndRow; r++)
                {
                    float* x = t.Rows[r] + t.Column + (pixel * t.PixelStep) + c, w = t.Weights + ((nint)r * t.Columns * t.WeightStep) + c;
                    for (int s = t.Columns; s > 0; s--, x += t.ColumnStep, w += t.WeightStep) sum = S.MultiplyAdd(S.Load(x), S.Load(w), sum);
                }
                Finish<F>(sum, t.Output + (pixel * t.OutputStep) + c);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<F>(V sum, float* output) where F : struct, IConstant =>
        S.Store(Elementary<S, V>.Activate(sum, (Activation)F.Value), output);

    /// <summary>What a row of output pixels reads: the ring's rows that the window's rows see, from a column on.</summary>
    private struct Taps
    {
        public float** Rows;
        public int FirstRow;
        public int EndRow;
        public nint Column;
        public nint ColumnStep;
        public nint PixelStep;
        public int Columns;
        public float* Weights;
        public nint WeightStep;
        public float* Bias;
        public int Channels;
        public float* Output;
        public nint OutputStep;
    }
}
