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
    ByteTensor Source, byte Zero, ConvGeometry Geometry, Int8DepthwiseWeights Weights, AlignedValues<int> Bias,
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
/// four; a product then takes four taps. A unit is a block of channels over some rows of one image.
/// </summary>
internal sealed unsafe class Int8Depthwise : Kernel
{
    private const int WantedUnits = 16;
    private readonly DepthwiseTask _task;
    private readonly DepthwiseRunner[] _runners;
    private readonly int _ranges;

    /// <summary>Runners for blocks of all widths that there are.</summary>
    public Int8Depthwise(string name, DepthwiseTask task, DepthwiseRunner[] runners)
    {
        (Name, _task) = (name, task);
        _runners = [.. task.Weights.Blocks.Select(block => runners.First(runner => runner.Width == block.Width))];
        int units = task.Source.Shape.N * task.Weights.Blocks.Length;
        _ranges = Math.Clamp((WantedUnits + units - 1) / units, 1, task.Geometry.OutputHeight);
    }

    public override string Name { get; }

    public override KernelKind Kind => new(GetType(), _runners[0].GetType(), _task.Geometry.R, _task.Geometry.S);

    public override int Units => _task.Source.Shape.N * _task.Weights.Blocks.Length * _ranges;

    // Interleaved columns, and a row of zero points.
    public override nint ScratchFloats => ColumnFloats + (_task.Source.RowStride / sizeof(float)) + CpuTensor.Lanes;

    private nint ColumnFloats => (nint)_task.Groups * _task.Columns * _task.Weights.Blocks.Max(block => block.Count);

    public override void Run(int begin, int end, float* scratch)
    {
        byte* zeros = (byte*)(scratch + ColumnFloats);
        NativeMemory.Fill(zeros, (nuint)_task.Source.RowStride, _task.Zero);
        int height = _task.Geometry.OutputHeight;
        for (int unit = begin; unit < end; unit++)
        {
            int range = unit % _ranges, block = unit / _ranges % _runners.Length, n = unit / _ranges / _runners.Length;
            int first = range * height / _ranges, last = (range + 1) * height / _ranges;
            _runners[block].Run(_task.Weights.Blocks[block], n, first, last, (byte*)scratch, zeros);
        }
    }
}

/// <summary>Computes blocks of channels of one width.</summary>
internal abstract unsafe class DepthwiseRunner
{
    /// <summary>Numbers in a vector.</summary>
    public abstract int Width { get; }

    /// <summary>Computes a block's channels for some output rows of an image.</summary>
    public abstract void Run(DepthwiseBlock block, int n, int first, int last, byte* columns, byte* zeros);
}

/// <summary>The same with vectors of one kind.</summary>
internal sealed unsafe class DepthwiseRunner<D, W>(DepthwiseTask task, Int8Rounding<D, W> rounding) : DepthwiseRunner
    where D : struct, IDot<W> where W : struct
{
    private readonly ConvGeometry _geometry = task.Geometry;
    private readonly int _groups = task.Groups;
    private readonly nint _groupStep = task.Columns * 16 * D.Width;

    public override int Width => D.Width;

    [SkipLocalsInit]
    public override void Run(DepthwiseBlock block, int n, int first, int last, byte* columns, byte* zeros)
    {
        byte** rows = stackalloc byte*[4 * _groups];
        int* bias = task.Bias.Data + block.Channel;
        float* multipliers = task.Multipliers.Data + block.Channel;
        for (int h = first; h < last; h++)
        {
            for (int r = 0; r < 4 * _groups; r++)
            {
                int row = _geometry.InputRow(h, Math.Min(r, _geometry.R - 1));
                rows[r] = (uint)row < (uint)task.Source.Shape.H ? task.Source.Pixel(n, row, 0) + block.Channel : zeros;
            }
            for (int w = 0; w < _geometry.OutputWidth; w += DepthwiseTask.Stretch)
            {
                int pixels = Math.Min(DepthwiseTask.Stretch, _geometry.OutputWidth - w);
                int count = ((pixels - 1) * _geometry.Stride) + ((_geometry.S - 1) * _geometry.Dilation) + 1;
                for (int g = 0; g < _groups; g++)
                    Interleave(rows + (4 * g), (w * _geometry.Stride) - _geometry.PadLeft, count, columns + (g * _groupStep));
                byte* output = task.Target.Pixel(n, h, w) + block.Channel;
                Pixels(columns, task.Weights.Data + block.Weights, bias, multipliers, output, pixels);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Interleave(byte** rows, int first, int count, byte* target)
    {
        nint step = task.Source.PixelStride;
        byte* a = rows[0], b = rows[1], c = rows[2], d = rows[3];
        W zero = D.Broadcast(task.Zero * 0x01010101);
        for (int i = 0; i < count; i++, target += 16 * D.Width)
        {
            int* to = (int*)target;
            if ((uint)(first + i) < (uint)task.Source.Shape.W)
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
