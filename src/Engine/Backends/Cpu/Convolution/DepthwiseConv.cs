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
    // Half a MiB for the ring: half of a second-level cache of 1 MiB.
    private const int CacheFloats = 1 << 17;

    // Narrower slabs read their producer's input too often.
    private const int NarrowSlab = 96;
    private readonly IRowSource _rows;
    private readonly int _images;
    private readonly int _inputHeight;
    private readonly ConvGeometry _geometry;
    private readonly NativeMemoryBlock _packed;
    private readonly Target _target;
    private readonly CpuTensor? _rowSums;
    private readonly int _channels;
    private readonly int _slab;
    private readonly int _slabs;
    private readonly int _ranges;
    private readonly int _ringRows;
    private readonly nint _ringFloats;
    private readonly delegate*<in DepthwiseTaps, int, void> _tiles;
    private readonly delegate*<in DepthwiseTaps, int, void> _pixels;

    public DepthwiseConv(
        string name, IRowSource rows, Shape input, ConvGeometry geometry, NativeMemoryBlock packed, CpuTensor target, CpuTensor? rowSums,
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
        _channels = CpuTensor.Padded(input.C);
        _ringRows = Math.Min(((geometry.R - 1) * geometry.Dilation) + 1, input.H);
        // Slabs have nothing in common, while ranges of rows both compute the rows between them. So slabs for all threads first, two for
        // each where they are wide enough, and then as few ranges as keep all threads at work.
        int panel = 2 * S.Width, widest = Math.Max(CacheFloats / (_ringRows * geometry.PaddedWidth) / panel, 1) * panel;
        int slabs = (_channels + widest - 1) / widest, each = _channels / NarrowSlab / threads;
        if (threads > 1 && each > 0) slabs = Math.Max((slabs + threads - 1) / threads, Math.Min(each, 2)) * threads;
        _slab = ((_channels + slabs - 1) / slabs + panel - 1) / panel * panel;
        _slabs = (_channels + _slab - 1) / _slab;
        _ringFloats = ((nint)_ringRows * geometry.PaddedWidth * _slab) + CpuTensor.Lanes;
        _ranges = 1;
        while (_images * _slabs * _ranges % threads != 0 && _images * _slabs * _ranges < 4 * threads && _ranges < geometry.OutputHeight)
            _ranges++;
        switch (activation)
        {
            case Activation.ReLU: _tiles = Tiles<ReLU>(geometry); _pixels = &DepthwiseTile<S, V>.Singles<ReLU>; break;
            case Activation.SiLU: _tiles = Tiles<SiLU>(geometry); _pixels = &DepthwiseTile<S, V>.Singles<SiLU>; break;
            case Activation.Sigmoid: _tiles = Tiles<Sigmoid>(geometry); _pixels = &DepthwiseTile<S, V>.Singles<Sigmoid>; break;
            case Activation.ReLU6: _tiles = Tiles<ReLU6>(geometry); _pixels = &DepthwiseTile<S, V>.Singles<ReLU6>; break;
            case Activation.HardSigmoid: _tiles = Tiles<HardSigmoid>(geometry); _pixels = &DepthwiseTile<S, V>.Singles<HardSigmoid>; break;
            case Activation.HardSwish: _tiles = Tiles<HardSwish>(geometry); _pixels = &DepthwiseTile<S, V>.Singles<HardSwish>; break;
            default: _tiles = Tiles<Identity>(geometry); _pixels = &DepthwiseTile<S, V>.Singles<Identity>; break;
        }
    }

    public override string Name { get; }

    public override KernelKind Kind => new(GetType(), _rows.GetType(), _geometry.R, _geometry.S);

    public override int Units => _images * _slabs * _ranges;

    public override nint ScratchFloats => _ringFloats + _rows.ScratchFloats(_slab);

    /// <summary>Packs weights [C, 1, R, S] and the bias, channels padded with zeros.</summary>
    public static NativeMemoryBlock Pack(ConvWeights weights)
    {
        int taps = weights.R * weights.S, channels = CpuTensor.Padded(weights.C);
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

    private static delegate*<in DepthwiseTaps, int, void> Tiles<F>(ConvGeometry geometry) where F : struct, IConstant => geometry switch
    {
        { S: 3, Stride: 1 } => &DepthwiseTile<S, V>.Adjacent<F, C3>,
        { S: 5, Stride: 1 } => &DepthwiseTile<S, V>.Adjacent<F, C5>,
        { S: 3, Stride: 2, Dilation: 1 } => &DepthwiseTile<S, V>.Alternate<F, C3>,
        { S: 5, Stride: 2, Dilation: 1 } => &DepthwiseTile<S, V>.Alternate<F, C5>,
        _ => &DepthwiseTile<S, V>.Tiles<F>,
    };

    [SkipLocalsInit]
    private void RunUnit(float* ring, int n, int channel, int channels, int first, int last)
    {
        nint pitch = (nint)_geometry.PaddedWidth * channels;
        NativeMemory.Clear(ring, (nuint)(_ringRows * pitch * sizeof(float)));
        float** rows = stackalloc float*[_geometry.R];
        int next = Math.Max(_geometry.InputRow(first, 0), 0);
        // Pixels of a tile are as far apart as taps, so that they share what they load: with dilation every so many columns.
        int apart = _geometry.Stride == 1 ? _geometry.Dilation : 1;
        DepthwiseTaps taps;
        taps.Rows = rows;
        taps.Weights = _packed.Data + channel;
        taps.Bias = taps.Weights + ((nint)_geometry.R * _geometry.S * _channels);
        taps.WeightStep = _channels;
        taps.Columns = _geometry.S;
        taps.ColumnStep = (nint)_geometry.Dilation * channels;
        taps.PixelStep = (nint)_geometry.Stride * apart * channels;
        taps.Channels = channels;
        taps.OutputStep = apart * _target.PixelStride;
        for (int h = first; h < last; h++)
        {
            for (int newest = Math.Min(_geometry.InputRow(h, _geometry.R - 1), _inputHeight - 1); next <= newest; next++)
                _rows.FillRow(ring + (next % _ringRows * pitch), channels, n, next, channel, channels, ring + _ringFloats);
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
            for (int offset = 0; offset < apart; offset++)
            {
                int pixels = (_geometry.OutputWidth - offset + apart - 1) / apart, tiles = pixels / DepthwiseTile<S, V>.Pixels,
                    done = tiles * DepthwiseTile<S, V>.Pixels;
                taps.Column = (nint)offset * channels;
                taps.Output = _target.Pixel(n, h, offset) + channel;
                if (tiles > 0) _tiles(in taps, tiles);
                taps.Column += done * taps.PixelStep;
                taps.Output += done * taps.OutputStep;
                if (done < pixels) _pixels(in taps, pixels - done);
            }
            if (_rowSums is CpuTensor sums)
                AddUp(_target.Pixel(n, h, 0) + channel, channels,
                    sums.Data + ((((nint)n * _geometry.OutputHeight) + h) * _channels) + channel);
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
}
