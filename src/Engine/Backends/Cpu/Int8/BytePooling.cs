using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu.Int8;

/// <summary>The largest byte of each window.</summary>
internal sealed unsafe class ByteMaxPool(string name, MaxPool2dOp op, ByteTensor source, ByteTensor target)
    : ByteRowKernel(name, target.Shape)
{
    private readonly PoolWindow _window = new(op.KernelSize, op.Stride, op.Padding, op.CeilMode);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Row(int n, int h)
    {
        (int top, int bottom) = _window.Pixels(h, source.Shape.H);
        for (int w = 0; w < target.Shape.W; w++)
        {
            (int left, int right) = _window.Pixels(w, source.Shape.W);
            byte* output = target.Pixel(n, h, w);
            nint c = 0;
            for (; c + Vector512<byte>.Count <= source.Channels; c += Vector512<byte>.Count)
            {
                Vector512<byte> maximum = Vector512<byte>.Zero;
                for (int i = top; i < bottom; i++)
                {
                    byte* x = source.Pixel(n, i, left) + c;
                    for (int j = left; j < right; j++, x += source.PixelStride) maximum = Vector512.Max(maximum, Vector512.Load(x));
                }
                maximum.Store(output + c);
            }
            for (; c < source.Channels; c += Vector128<byte>.Count)
            {
                Vector128<byte> maximum = Vector128<byte>.Zero;
                for (int i = top; i < bottom; i++)
                {
                    byte* x = source.Pixel(n, i, left) + c;
                    for (int j = left; j < right; j++, x += source.PixelStride) maximum = Vector128.Max(maximum, Vector128.Load(x));
                }
                maximum.Store(output + c);
            }
        }
    }
}

/// <summary>
/// The mean of each window. A unit is some channels of a pixel of the result, since there may be one pixel alone.
/// </summary>
internal sealed unsafe class ByteAverage<D, W> : Kernel where D : struct, IDot<W> where W : struct
{
    private const int Channels = 64;
    private readonly ByteTensor _source;
    private readonly ByteTensor _target;
    private readonly byte _zero;
    private readonly Int8Rounding<D, W> _rounding;
    private readonly (int Start, int End)[] _rows;
    private readonly (int Start, int End)[] _columns;
    private readonly float[] _steps;
    private readonly int _blocks;

    /// <summary>Windows by row and by column of the result, and what each pixel's sum is divided by.</summary>
    public ByteAverage(
        string name, ByteTensor source, Quantization x, ByteTensor target, Quantization y,
        Func<int, int, (int Start, int End)> rows, Func<int, int, (int Start, int End)> columns, Func<int, int, int, int, int> divisor)
    {
        Name = name;
        (_source, _target, _zero, _rounding) = (source, target, x.Zero, new Int8Rounding<D, W>(y));
        _rows = [.. Enumerable.Range(0, target.Shape.H).Select(h => rows(h, source.Shape.H))];
        _columns = [.. Enumerable.Range(0, target.Shape.W).Select(w => columns(w, source.Shape.W))];
        _steps = [.. Enumerable.Range(0, target.Shape.H * target.Shape.W).Select(pixel => IntegerArithmetic.MeanSteps(
            x, y, divisor(pixel / target.Shape.W, pixel % target.Shape.W, source.Shape.H, source.Shape.W)))];
        _blocks = (int)((target.Channels + Channels - 1) / Channels);
    }

    public override string Name { get; }

    public override int Units => _target.Shape.N * _target.Shape.H * _target.Shape.W * _blocks;

    public override void Run(int begin, int end, float* scratch)
    {
        for (int unit = begin; unit < end; unit++)
        {
            int block = unit % _blocks, pixel = unit / _blocks;
            int w = pixel % _target.Shape.W, h = pixel / _target.Shape.W % _target.Shape.H, n = pixel / _target.Shape.W / _target.Shape.H;
            Mean(n, h, w, block * Channels, Math.Min((block + 1) * Channels, _target.Channels));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Mean(int n, int h, int w, nint first, nint end)
    {
        (int top, int bottom) = _rows[h];
        (int left, int right) = _columns[w];
        W zeros = D.Broadcast((bottom - top) * (right - left) * _zero);
        W steps = Int8Rounding<D, W>.Float(_steps[(h * _target.Shape.W) + w]);
        byte* output = _target.Pixel(n, h, w);
        nint c = first;
        // Four vectors at a time, so that a pixel's cache line is read once.
        for (; c + (4 * D.Width) <= end; c += 4 * D.Width)
        {
            W a = D.Broadcast(0), b = a, d = a, e = a;
            for (int i = top; i < bottom; i++)
            {
                byte* x = _source.Pixel(n, i, left) + c;
                for (int j = left; j < right; j++, x += _source.PixelStride)
                {
                    a = D.Add(a, D.LoadBytes(x));
                    b = D.Add(b, D.LoadBytes(x + D.Width));
                    d = D.Add(d, D.LoadBytes(x + (2 * D.Width)));
                    e = D.Add(e, D.LoadBytes(x + (3 * D.Width)));
                }
            }
            D.StoreBytes(Rounded(a, zeros, steps), output + c);
            D.StoreBytes(Rounded(b, zeros, steps), output + c + D.Width);
            D.StoreBytes(Rounded(d, zeros, steps), output + c + (2 * D.Width));
            D.StoreBytes(Rounded(e, zeros, steps), output + c + (3 * D.Width));
        }
        for (; c < end; c += D.Width)
        {
            W sum = D.Broadcast(0);
            for (int i = top; i < bottom; i++)
            {
                byte* x = _source.Pixel(n, i, left) + c;
                for (int j = left; j < right; j++, x += _source.PixelStride) sum = D.Add(sum, D.LoadBytes(x));
            }
            D.StoreBytes(Rounded(sum, zeros, steps), output + c);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private W Rounded(W sum, W zeros, W steps) => _rounding.Round(D.MultiplyFloat(D.ToFloat(D.Subtract(sum, zeros)), steps));
}

/// <summary>A bilinear upsampling that is stored.</summary>
internal sealed unsafe class ByteBilinear<D, W> : ByteRowKernel where D : struct, IDot<W> where W : struct
{
    private readonly BilinearByteRows<D, W> _rows;
    private readonly ByteTensor _target;
    private readonly ByteTable? _table;

    public ByteBilinear(string name, UpsampleBilinearOp op, ByteTensor source, ByteTensor target, Quantization stored)
        : base(name, target.Shape)
    {
        (_rows, _target) = (new BilinearByteRows<D, W>(op, source, target.Shape), target);
        if (op.Activation != Activation.None) _table = new ByteTable(IntegerArithmetic.Table(op.Activation, stored, stored));
    }

    protected override void Row(int n, int h)
    {
        byte* row = _target.Pixel(n, h, 0);
        _rows.FillRow(row, _target.PixelStride, n, h, 0, (int)_target.Channels, null);
        _table?.Apply(row, _target.PixelStride, _target.Shape.W, _target.Channels);
    }
}
