using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using LungSeg.Engine.Backends.Cpu.Convolution;

namespace LungSeg.Engine.Backends.Cpu.Int8;

/// <summary>Channels that a depthwise convolution computes together, and where their values are in the packed ones, in vectors.</summary>
internal readonly record struct DepthwiseBlock(int Channel, bool IsWide, int Weights, int Values);

/// <summary>
/// Weights of one window for each channel, for the product of four taps below each other: [block][4 kernel rows][S][4 vectors of channels]
/// [4 taps], in the order of <see cref="IDot{W}.Interleave"/>. Blocks are four vectors wide; what is left has blocks of 16 channels.
/// </summary>
internal sealed unsafe class Int8DepthwiseWeights : IDisposable
{
    private readonly NativeMemoryBlock _memory;
    private readonly int _width;
    private readonly int _taps;

    /// <summary>Packs whole numbers given as [C, 1, R, S] for vectors of the given width.</summary>
    public Int8DepthwiseWeights(ConvWeights weights, int width)
    {
        _width = width;
        _taps = (weights.R + 3) / 4 * weights.S;
        int channels = ByteTensor.Padded(weights.C), wide = 4 * width;
        var blocks = new List<DepthwiseBlock>();
        int values = 0;
        for (int c = 0; c < channels; values += c + wide <= channels ? wide : ByteTensor.Lanes, c = values)
            blocks.Add(new DepthwiseBlock(c, c + wide <= channels, values * 4 * _taps, values));
        Blocks = [.. blocks];
        _memory = new NativeMemoryBlock((nint)channels * _taps);
        if (!_memory.IsBacked) return;
        foreach (DepthwiseBlock block in Blocks) Pack(weights, block);
    }

    public DepthwiseBlock[] Blocks { get; }

    public sbyte* Data => (sbyte*)_memory.Data;

    /// <summary>Whether there is memory: not where it is only measured.</summary>
    public bool IsBacked => _memory.IsBacked;

    public long Bytes => _memory.Floats * sizeof(float);

    public void Dispose() => _memory.Dispose();

    /// <summary>The channels' values in the blocks' order.</summary>
    public T[] Spread<T>(ReadOnlySpan<T> values) where T : unmanaged
    {
        var result = new T[ByteTensor.Padded(values.Length)];
        foreach (DepthwiseBlock block in Blocks)
        {
            for (int i = 0; i < Size(block); i++)
            {
                int c = ChannelAt(block, i);
                if (c < values.Length) result[block.Values + i] = values[c];
            }
        }
        return result;
    }

    /// <summary>Adds what the products of a kind of vectors leave out to the biases, which are in the blocks' order.</summary>
    public void Correct(int[] bias, bool wide, bool narrow)
    {
        foreach (DepthwiseBlock block in Blocks.Where(block => block.IsWide ? wide : narrow))
        {
            int size = Size(block);
            for (int row = 0; row < _taps && IsBacked; row++)
            {
                for (int i = 0; i < 4 * size; i++) bias[block.Values + (i / 4)] += 128 * Data[block.Weights + (row * 4 * size) + i];
            }
        }
    }

    private int Size(DepthwiseBlock block) => block.IsWide ? 4 * _width : ByteTensor.Lanes;

    private int ChannelAt(DepthwiseBlock block, int index)
    {
        (int vector, int lane) = Math.DivRem(index, Size(block) / 4);
        return block.Channel + (16 * (lane / 4)) + (4 * vector) + (lane % 4);
    }

    private void Pack(ConvWeights weights, DepthwiseBlock block)
    {
        int size = Size(block);
        for (int r = 0; r < weights.R; r++)
        {
            for (int s = 0; s < weights.S; s++)
            {
                for (int i = 0; i < size; i++)
                {
                    int c = ChannelAt(block, i);
                    if (c >= weights.C) continue;
                    nint row = ((nint)(r / 4) * weights.S) + s;
                    sbyte value = (sbyte)weights.Values[(((c * weights.R) + r) * weights.S) + s];
                    Data[block.Weights + (((row * size) + i) * 4) + (r % 4)] = value;
                }
            }
        }
    }
}

/// <summary>
/// Convolution of each channel of bytes with its own window. For a stretch of an output row, the rows under it are interleaved four by
/// four; a product then takes four taps. A unit is a block of channels over some rows of one image.
/// </summary>
internal sealed unsafe class Int8Depthwise<D, W, N> : Kernel
    where D : struct, IDot<W> where W : struct where N : struct, IDot<Vector128<int>>
{
    private const int Stretch = 32;
    private const int WantedUnits = 16;
    private readonly ByteTensor _source;
    private readonly ByteTensor _target;
    private readonly ConvGeometry _geometry;
    private readonly Int8DepthwiseWeights _weights;
    private readonly AlignedValues<int> _bias;
    private readonly AlignedValues<float> _multipliers;
    private readonly byte _zero;
    private readonly Int8Rounding<D, W> _rounding;
    private readonly Int8Rounding<N, Vector128<int>> _narrowRounding;
    private readonly int _ranges;
    private readonly int _columns;
    private readonly int _groups;

    public Int8Depthwise(
        string name, ByteTensor source, byte zero, ConvGeometry geometry, Int8DepthwiseWeights weights, int[] bias, float[] multipliers,
        Int8Rounding<D, W> rounding, Int8Rounding<N, Vector128<int>> narrowRounding, ByteTensor target)
    {
        Name = name;
        (_source, _zero, _geometry, _weights) = (source, zero, geometry, weights);
        (_bias, _multipliers) = (new AlignedValues<int>(bias), new AlignedValues<float>(multipliers));
        (_rounding, _narrowRounding, _target) = (rounding, narrowRounding, target);
        int units = source.Shape.N * weights.Blocks.Length;
        _ranges = Math.Clamp((WantedUnits + units - 1) / units, 1, geometry.OutputHeight);
        _columns = ((Stretch - 1) * geometry.Stride) + ((geometry.S - 1) * geometry.Dilation) + 1;
        _groups = (geometry.R + 3) / 4;
    }

    public override string Name { get; }

    public override KernelKind Kind => new(GetType(), R: _geometry.R, S: _geometry.S);

    public override int Units => _source.Shape.N * _weights.Blocks.Length * _ranges;

    // Interleaved columns, and a row of zero points.
    public override nint ScratchFloats => (_groups * _columns * 4 * D.Width) + (_source.RowStride / sizeof(float)) + (4 * D.Width);

    public override void Run(int begin, int end, float* scratch)
    {
        byte* zeros = (byte*)(scratch + (_groups * _columns * 4 * D.Width));
        NativeMemory.Fill(zeros, (nuint)_source.RowStride, _zero);
        for (int unit = begin; unit < end; unit++)
        {
            int range = unit % _ranges, block = unit / _ranges % _weights.Blocks.Length, n = unit / _ranges / _weights.Blocks.Length;
            int first = range * _geometry.OutputHeight / _ranges, last = (range + 1) * _geometry.OutputHeight / _ranges;
            if (_weights.Blocks[block].IsWide) RunBlock(_weights.Blocks[block], _rounding, n, first, last, (byte*)scratch, zeros);
            else RunBlock(_weights.Blocks[block], _narrowRounding, n, first, last, (byte*)scratch, zeros);
        }
    }

    [SkipLocalsInit]
    private void RunBlock<B, X>(DepthwiseBlock block, Int8Rounding<B, X> rounding, int n, int first, int last, byte* columns, byte* zeros)
        where B : struct, IDot<X> where X : struct
    {
        byte** rows = stackalloc byte*[4 * _groups];
        int* bias = _bias.Data;
        float* multipliers = _multipliers.Data;
        {
            for (int h = first; h < last; h++)
            {
                for (int r = 0; r < 4 * _groups; r++)
                {
                    int row = _geometry.InputRow(h, Math.Min(r, _geometry.R - 1));
                    bool inside = (uint)row < (uint)_source.Shape.H;
                    rows[r] = inside ? _source.Pixel(n, row, 0) + block.Channel : zeros;
                }
                for (int w = 0; w < _geometry.OutputWidth; w += Stretch)
                {
                    int pixels = Math.Min(Stretch, _geometry.OutputWidth - w);
                    int count = ((pixels - 1) * _geometry.Stride) + ((_geometry.S - 1) * _geometry.Dilation) + 1;
                    for (int g = 0; g < _groups; g++)
                    {
                        byte* interleaved = columns + (g * _columns * 16 * B.Width);
                        Interleave<B, X>(rows + (4 * g), (w * _geometry.Stride) - _geometry.PadLeft, count, interleaved);
                    }
                    byte* output = _target.Pixel(n, h, w) + block.Channel;
                    sbyte* weights = _weights.Data + block.Weights;
                    Pixels<B, X>(columns, weights, bias + block.Values, multipliers + block.Values, rounding, output, pixels);
                    rounding.Table?.Apply(output, _target.PixelStride, pixels, 4 * B.Width);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Interleave<B, X>(byte** rows, int first, int count, byte* target) where B : struct, IDot<X> where X : struct
    {
        nint step = _source.PixelStride;
        byte* a = rows[0], b = rows[1], c = rows[2], d = rows[3];
        X zero = B.Broadcast(_zero * 0x01010101);
        for (int i = 0; i < count; i++, target += 16 * B.Width)
        {
            int* to = (int*)target;
            if ((uint)(first + i) < (uint)_source.Shape.W)
            {
                nint at = (first + i) * step;
                B.Interleave(a + at, b + at, c + at, d + at, out X x, out X y, out X z, out X w);
                B.Store(x, to);
                B.Store(y, to + B.Width);
                B.Store(z, to + (2 * B.Width));
                B.Store(w, to + (3 * B.Width));
            }
            else
            {
                for (int v = 0; v < 4; v++) B.Store(zero, to + (v * B.Width));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Pixels<B, X>(
        byte* columns, sbyte* weights, int* bias, float* multipliers, Int8Rounding<B, X> rounding, byte* output, int pixels)
        where B : struct, IDot<X> where X : struct
    {
        nint pixelStep = 16 * _geometry.Stride * B.Width, tapStep = 16 * _geometry.Dilation * B.Width, groupStep = _columns * 16 * B.Width;
        int pixel = 0;
        for (; pixel + 2 <= pixels; pixel += 2, columns += 2 * pixelStep)
        {
            X a0 = B.Load(bias), a1 = B.Load(bias + B.Width), a2 = B.Load(bias + (2 * B.Width)), a3 = B.Load(bias + (3 * B.Width));
            X b0 = a0, b1 = a1, b2 = a2, b3 = a3;
            int* w = (int*)weights;
            for (int g = 0; g < _groups; g++)
            {
                byte* at = columns + (g * groupStep);
                for (int s = 0; s < _geometry.S; s++, at += tapStep, w += 4 * B.Width)
                {
                    int* x = (int*)at, y = (int*)(at + pixelStep);
                    X weight = B.Load(w);
                    a0 = B.Dot(a0, B.Load(x), weight);
                    b0 = B.Dot(b0, B.Load(y), weight);
                    weight = B.Load(w + B.Width);
                    a1 = B.Dot(a1, B.Load(x + B.Width), weight);
                    b1 = B.Dot(b1, B.Load(y + B.Width), weight);
                    weight = B.Load(w + (2 * B.Width));
                    a2 = B.Dot(a2, B.Load(x + (2 * B.Width)), weight);
                    b2 = B.Dot(b2, B.Load(y + (2 * B.Width)), weight);
                    weight = B.Load(w + (3 * B.Width));
                    a3 = B.Dot(a3, B.Load(x + (3 * B.Width)), weight);
                    b3 = B.Dot(b3, B.Load(y + (3 * B.Width)), weight);
                }
            }
            Put(a0, a1, a2, a3, multipliers, rounding, output);
            output += _target.PixelStride;
            Put(b0, b1, b2, b3, multipliers, rounding, output);
            output += _target.PixelStride;
        }
        if (pixel == pixels) return;
        X c0 = B.Load(bias), c1 = B.Load(bias + B.Width), c2 = B.Load(bias + (2 * B.Width)), c3 = B.Load(bias + (3 * B.Width));
        int* last = (int*)weights;
        for (int g = 0; g < _groups; g++)
        {
            byte* at = columns + (g * groupStep);
            for (int s = 0; s < _geometry.S; s++, at += tapStep, last += 4 * B.Width)
            {
                int* x = (int*)at;
                c0 = B.Dot(c0, B.Load(x), B.Load(last));
                c1 = B.Dot(c1, B.Load(x + B.Width), B.Load(last + B.Width));
                c2 = B.Dot(c2, B.Load(x + (2 * B.Width)), B.Load(last + (2 * B.Width)));
                c3 = B.Dot(c3, B.Load(x + (3 * B.Width)), B.Load(last + (3 * B.Width)));
            }
        }
        Put(c0, c1, c2, c3, multipliers, rounding, output);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<B, X>(X a, X b, X c, X d, float* multipliers, Int8Rounding<B, X> rounding, byte* output)
        where B : struct, IDot<X> where X : struct
    {
        int* m = (int*)multipliers;
        a = rounding.Round(B.MultiplyFloat(B.ToFloat(a), B.Load(m)));
        b = rounding.Round(B.MultiplyFloat(B.ToFloat(b), B.Load(m + B.Width)));
        c = rounding.Round(B.MultiplyFloat(B.ToFloat(c), B.Load(m + (2 * B.Width))));
        d = rounding.Round(B.MultiplyFloat(B.ToFloat(d), B.Load(m + (3 * B.Width))));
        B.StoreInterleaved(a, b, c, d, output);
    }
}
