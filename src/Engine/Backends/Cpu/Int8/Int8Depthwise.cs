using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LungSeg.Engine.Backends.Cpu.Convolution;

namespace LungSeg.Engine.Backends.Cpu.Int8;

/// <summary>
/// Channels that a depthwise convolution computes together in vectors of some width, and where their weights begin, in bytes.
/// </summary>
internal readonly record struct DepthwiseBlock(int Channel, int Width, int Weights)
{
    /// <summary>Channels: four vectors of them.</summary>
    public int Count => 4 * Width;
}

/// <summary>
/// Weights of one window for each channel, for the product of four taps below each other: [block][4 kernel rows][S][4 vectors of channels]
/// [4 taps], in the order of <see cref="IDot{W}.Interleave"/>.
/// </summary>
internal sealed unsafe class Int8DepthwiseWeights : IDisposable
{
    private readonly NativeMemoryBlock _memory;
    private readonly int _taps;

    /// <summary>Packs whole numbers given as [C, 1, R, S] for vectors of the given widths, the widest first; the last is 4.</summary>
    public Int8DepthwiseWeights(ConvWeights weights, int[] widths)
    {
        _taps = (weights.R + 3) / 4 * weights.S;
        int channels = ByteTensor.Padded(weights.C);
        var blocks = new List<DepthwiseBlock>();
        for (int c = 0; c < channels; c += blocks[^1].Count)
            blocks.Add(new DepthwiseBlock(c, widths.First(width => 4 * width <= channels - c), c * 4 * _taps));
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
            for (int i = 0; i < block.Count; i++)
            {
                int c = ChannelAt(block, i);
                if (c < values.Length) result[block.Channel + i] = values[c];
            }
        }
        return result;
    }

    /// <summary>Adds what the products of vectors of some width leave out to the biases, which are in the blocks' order.</summary>
    public void Correct(int[] bias, int width)
    {
        foreach (DepthwiseBlock block in Blocks.Where(block => block.Width == width && IsBacked))
        {
            for (int row = 0; row < _taps; row++)
            {
                for (int i = 0; i < 4 * block.Count; i++)
                    bias[block.Channel + (i / 4)] += 128 * Data[block.Weights + (row * 4 * block.Count) + i];
            }
        }
    }

    private static int ChannelAt(DepthwiseBlock block, int index)
    {
        (int vector, int lane) = Math.DivRem(index, block.Width);
        return block.Channel + (16 * (lane / 4)) + (4 * vector) + (lane % 4);
    }

    private void Pack(ConvWeights weights, DepthwiseBlock block)
    {
        for (int r = 0; r < weights.R; r++)
        {
            for (int s = 0; s < weights.S; s++)
            {
                for (int i = 0; i < block.Count; i++)
                {
                    int c = ChannelAt(block, i);
                    if (c >= weights.C) continue;
                    nint row = ((nint)(r / 4) * weights.S) + s;
                    sbyte value = (sbyte)weights.Values[(((c * weights.R) + r) * weights.S) + s];
                    Data[block.Weights + (((row * block.Count) + i) * 4) + (r % 4)] = value;
                }
            }
        }
    }
}

/// <summary>What all blocks of a depthwise convolution of bytes have in common.</summary>
internal sealed record DepthwiseTask(
    Shape Input, byte Zero, ConvGeometry Geometry, Int8DepthwiseWeights Weights, AlignedValues<int> Bias,
    AlignedValues<float> Multipliers, ByteTensor Target)
{
    /// <summary>Output pixels whose rows are interleaved at once.</summary>
    public const int Stretch = 32;

    /// <summary>Input columns of a stretch.</summary>
    public int Columns => ((Stretch - 1) * Geometry.Stride) + ((Geometry.S - 1) * Geometry.Dilation) + 1;

    /// <summary>Fours of kernel rows.</summary>
    public int Groups => (Geometry.R + 3) / 4;
}

/// <summary>
/// Convolution of each channel of bytes with its own window. For a stretch of an output row, the rows under it are interleaved four by
/// four; a product then takes four taps. A unit is a slab of channels over some rows of one image: a block of a tensor in memory, or, where
/// rows are computed on the way, the blocks for which a ring of the rows in reach stays in the cache.
/// </summary>
internal sealed unsafe class Int8Depthwise : Kernel
{
    private const int WantedUnits = 16;
    private const int CacheLine = 64;

    // For the ring: half of the smallest common second-level cache.
    private const int CacheBytes = 1 << 18;
    private const int CrowdedStep = 1024;
    private readonly DepthwiseTask _task;
    private readonly DepthwiseRunner[] _runners;
    private readonly DepthwiseBlock[] _blocks;
    private readonly ByteTensor _source;
    private readonly IByteRowSource? _rows;
    private readonly int _slabs;
    private readonly int _blocksPerSlab = 1;
    private readonly int _ranges;
    private readonly int _ringRows;
    private readonly nint _pixelStep;

    /// <summary>Of a tensor in memory. Runners are for blocks of all widths that there are.</summary>
    public Int8Depthwise(string name, DepthwiseTask task, DepthwiseRunner[] runners, ByteTensor source) : this(name, task, runners)
    {
        (_source, _slabs, _pixelStep) = (source, _blocks.Length, source.PixelStride);
        int units = task.Input.N * _slabs;
        _ranges = Math.Clamp((WantedUnits + units - 1) / units, 1, task.Geometry.OutputHeight);
    }

    /// <summary>Of rows that are made when they are wanted.</summary>
    public Int8Depthwise(string name, DepthwiseTask task, DepthwiseRunner[] runners, IByteRowSource rows, int threads)
        : this(name, task, runners)
    {
        _rows = rows;
        ConvGeometry geometry = task.Geometry;
        _ringRows = Math.Min(((geometry.R - 1) * geometry.Dilation) + 1, task.Input.H);
        // Slabs have nothing in common, while ranges of rows both compute the rows between them: ranges only where threads would wait.
        int widest = Math.Max(CacheBytes / (_ringRows * task.Input.W * _blocks[0].Count), 1);
        _slabs = (_blocks.Length + widest - 1) / widest;
        if (_blocks.Length >= threads) _slabs = Math.Min((_slabs + threads - 1) / threads * threads, _blocks.Length);
        _blocksPerSlab = (_blocks.Length + _slabs - 1) / _slabs;
        _slabs = (_blocks.Length + _blocksPerSlab - 1) / _blocksPerSlab;
        _pixelStep = _slabs == 1 ? ByteTensor.Padded(task.Input.C) : _blocksPerSlab * _blocks[0].Count;
        if (_pixelStep % CrowdedStep == 0) _pixelStep += CacheLine;
        int units = task.Input.N * _slabs;
        _ranges = 1;
        while (units * _ranges % threads != 0 && units * _ranges < 4 * threads && _ranges < geometry.OutputHeight) _ranges++;
    }

    private Int8Depthwise(string name, DepthwiseTask task, DepthwiseRunner[] runners)
    {
        (Name, _task, _blocks) = (name, task, task.Weights.Blocks);
        _runners = [.. _blocks.Select(block => runners.First(runner => runner.Width == block.Width))];
    }

    public override string Name { get; }

    public override KernelKind Kind =>
        new(GetType(), _rows?.GetType() ?? _runners[0].GetType(), _task.Geometry.R, _task.Geometry.S, _runners[0].Width);

    public override int Units => _task.Input.N * _slabs * _ranges;

    // Interleaved columns, a row of zero points, the ring, and what its rows need.
    public override nint ScratchFloats =>
        (ColumnBytes + (RowBytes * (1 + _ringRows)) + (_rows?.ScratchBytes ?? 0) + sizeof(float) - 1) / sizeof(float);

    private nint ColumnBytes => (nint)_task.Groups * _task.Columns * _blocks.Max(block => block.Count) * 4;

    private nint RowBytes => ((_task.Input.W * _pixelStep) + CacheLine - 1) / CacheLine * CacheLine;

    public override void Run(int begin, int end, float* scratch)
    {
        byte* zeros = (byte*)scratch + ColumnBytes;
        NativeMemory.Fill(zeros, (nuint)RowBytes, _task.Zero);
        int height = _task.Geometry.OutputHeight;
        for (int unit = begin; unit < end; unit++)
        {
            int range = unit % _ranges, slab = unit / _ranges % _slabs, n = unit / _ranges / _slabs;
            int first = range * height / _ranges, last = (range + 1) * height / _ranges;
            int firstBlock = slab * _blocksPerSlab, endBlock = Math.Min(firstBlock + _blocksPerSlab, _blocks.Length);
            RunUnit(n, firstBlock, endBlock, first, last, (byte*)scratch, zeros);
        }
    }

    [SkipLocalsInit]
    private void RunUnit(int n, int firstBlock, int endBlock, int first, int last, byte* columns, byte* zeros)
    {
        ConvGeometry geometry = _task.Geometry;
        int taps = 4 * _task.Groups, channel = _blocks[firstBlock].Channel, height = _task.Input.H;
        int channels = _blocks[endBlock - 1].Channel + _blocks[endBlock - 1].Count - channel;
        byte** rows = stackalloc byte*[2 * taps];
        byte** inBlock = rows + taps;
        byte* ring = zeros + RowBytes, scratch = ring + (_ringRows * RowBytes);
        int next = Math.Max(geometry.InputRow(first, 0), 0);
        for (int h = first; h < last; h++)
        {
            if (_rows is not null)
            {
                for (int newest = Math.Min(geometry.InputRow(h, geometry.R - 1), height - 1); next <= newest; next++)
                    _rows.FillRow(ring + (next % _ringRows * RowBytes), _pixelStep, n, next, channel, channels, scratch);
            }
            for (int r = 0; r < taps; r++)
            {
                int row = geometry.InputRow(h, Math.Min(r, geometry.R - 1));
                rows[r] = (uint)row >= (uint)height ? zeros
                    : _rows is null ? _source.Pixel(n, row, 0) + channel : ring + (row % _ringRows * RowBytes);
            }
            for (int b = firstBlock; b < endBlock; b++)
            {
                for (int r = 0; r < taps; r++) inBlock[r] = rows[r] + (_blocks[b].Channel - channel);
                _runners[b].Row(_blocks[b], inBlock, _pixelStep, columns, _task.Target.Pixel(n, h, 0) + _blocks[b].Channel);
            }
        }
    }
}

/// <summary>Computes blocks of channels of one width.</summary>
internal abstract unsafe class DepthwiseRunner
{
    /// <summary>Numbers in a vector.</summary>
    public abstract int Width { get; }

    /// <summary>Computes a block's channels of an output row, from four rows a group, whose pixels are so many bytes apart.</summary>
    public abstract void Row(DepthwiseBlock block, byte** rows, nint step, byte* columns, byte* output);
}

/// <summary>The same with vectors of one kind.</summary>
internal sealed unsafe class DepthwiseRunner<D, W>(DepthwiseTask task, Int8Rounding<D, W> rounding) : DepthwiseRunner
    where D : struct, IDot<W> where W : struct
{
    private readonly ConvGeometry _geometry = task.Geometry;
    private readonly int _groups = task.Groups;
    private readonly nint _groupStep = task.Columns * 16 * D.Width;

    public override int Width => D.Width;

    public override void Row(DepthwiseBlock block, byte** rows, nint step, byte* columns, byte* output)
    {
        int* bias = task.Bias.Data + block.Channel;
        float* multipliers = task.Multipliers.Data + block.Channel;
        for (int w = 0; w < _geometry.OutputWidth; w += DepthwiseTask.Stretch)
        {
            int pixels = Math.Min(DepthwiseTask.Stretch, _geometry.OutputWidth - w);
            int count = ((pixels - 1) * _geometry.Stride) + ((_geometry.S - 1) * _geometry.Dilation) + 1;
            for (int g = 0; g < _groups; g++)
                Interleave(rows + (4 * g), step, (w * _geometry.Stride) - _geometry.PadLeft, count, columns + (g * _groupStep));
            Pixels(columns, task.Weights.Data + block.Weights, bias, multipliers, output + (w * task.Target.PixelStride), pixels);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Interleave(byte** rows, nint step, int first, int count, byte* target)
    {
        byte* a = rows[0], b = rows[1], c = rows[2], d = rows[3];
        W zero = D.Broadcast(task.Zero * 0x01010101);
        for (int i = 0; i < count; i++, target += 16 * D.Width)
        {
            int* to = (int*)target;
            if ((uint)(first + i) < (uint)task.Input.W)
            {
                nint at = (first + i) * step;
                D.Interleave(a + at, b + at, c + at, d + at, out W x, out W y, out W z, out W w);
                D.Store(x, to);
                D.Store(y, to + D.Width);
                D.Store(z, to + (2 * D.Width));
                D.Store(w, to + (3 * D.Width));
            }
            else
            {
                for (int v = 0; v < 4; v++) D.Store(zero, to + (v * D.Width));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Pixels(
        byte* columns, sbyte* weights, int* bias, float* multipliers, byte* output, int pixels)
    {
        nint pixelStep = 16 * _geometry.Stride * D.Width, tapStep = 16 * _geometry.Dilation * D.Width;
        int pixel = 0;
        for (; pixel + 2 <= pixels; pixel += 2, columns += 2 * pixelStep)
        {
            W a0 = D.Load(bias), a1 = D.Load(bias + D.Width), a2 = D.Load(bias + (2 * D.Width)), a3 = D.Load(bias + (3 * D.Width));
            W b0 = a0, b1 = a1, b2 = a2, b3 = a3;
            int* w = (int*)weights;
            for (int g = 0; g < _groups; g++)
            {
                byte* at = columns + (g * _groupStep);
                for (int s = 0; s < _geometry.S; s++, at += tapStep, w += 4 * D.Width)
                {
                    int* x = (int*)at, y = (int*)(at + pixelStep);
                    W weight = D.Load(w);
                    a0 = D.Dot(a0, D.Load(x), weight);
                    b0 = D.Dot(b0, D.Load(y), weight);
                    weight = D.Load(w + D.Width);
                    a1 = D.Dot(a1, D.Load(x + D.Width), weight);
                    b1 = D.Dot(b1, D.Load(y + D.Width), weight);
                    weight = D.Load(w + (2 * D.Width));
                    a2 = D.Dot(a2, D.Load(x + (2 * D.Width)), weight);
                    b2 = D.Dot(b2, D.Load(y + (2 * D.Width)), weight);
                    weight = D.Load(w + (3 * D.Width));
                    a3 = D.Dot(a3, D.Load(x + (3 * D.Width)), weight);
                    b3 = D.Dot(b3, D.Load(y + (3 * D.Width)), weight);
                }
            }
            Put(a0, a1, a2, a3, multipliers, output);
            output += task.Target.PixelStride;
            Put(b0, b1, b2, b3, multipliers, output);
            output += task.Target.PixelStride;
        }
        if (pixel == pixels) return;
        W c0 = D.Load(bias), c1 = D.Load(bias + D.Width), c2 = D.Load(bias + (2 * D.Width)), c3 = D.Load(bias + (3 * D.Width));
        int* last = (int*)weights;
        for (int g = 0; g < _groups; g++)
        {
            byte* at = columns + (g * _groupStep);
            for (int s = 0; s < _geometry.S; s++, at += tapStep, last += 4 * D.Width)
            {
                int* x = (int*)at;
                c0 = D.Dot(c0, D.Load(x), D.Load(last));
                c1 = D.Dot(c1, D.Load(x + D.Width), D.Load(last + D.Width));
                c2 = D.Dot(c2, D.Load(x + (2 * D.Width)), D.Load(last + (2 * D.Width)));
                c3 = D.Dot(c3, D.Load(x + (3 * D.Width)), D.Load(last + (3 * D.Width)));
            }
        }
        Put(c0, c1, c2, c3, multipliers, output);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Put(W a, W b, W c, W d, float* multipliers, byte* output)
    {
        int* m = (int*)multipliers;
        a = rounding.Round(D.MultiplyFloat(D.ToFloat(a), D.Load(m)));
        b = rounding.Round(D.MultiplyFloat(D.ToFloat(b), D.Load(m + D.Width)));
        c = rounding.Round(D.MultiplyFloat(D.ToFloat(c), D.Load(m + (2 * D.Width))));
        d = rounding.Round(D.MultiplyFloat(D.ToFloat(d), D.Load(m + (3 * D.Width))));
        D.StoreInterleaved(a, b, c, d, output, rounding.Table);
    }
}
