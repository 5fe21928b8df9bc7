using System.Runtime.CompilerServices;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu.Int8;

/// <summary>Kernels whose unit is a row of the result.</summary>
internal abstract unsafe class ByteRowKernel(string name, Shape target) : Kernel
{
    public override string Name => name;

    public override int Units => target.N * target.H;

    public override void Run(int begin, int end, float* scratch)
    {
        for (int unit = begin; unit < end; unit++) Row(unit / target.H, unit % target.H);
    }

    /// <summary>Computes a row of an image.</summary>
    protected abstract void Row(int n, int h);
}

/// <summary>float32 to bytes, from NHWC or planar.</summary>
internal sealed unsafe class QuantizeRows<D, W>(string name, CpuTensor source, ByteTensor target, Quantization stored)
    : ByteRowKernel(name, target.Shape) where D : struct, IDot<W> where W : struct
{
    private readonly Int8Rounding<D, W> _rounding = new(stored);
    private readonly float _steps = (float)(1.0 / stored.Scale);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Row(int n, int h)
    {
        W steps = Int8Rounding<D, W>.Float(_steps);
        int width = target.Shape.W, channels = target.Shape.C;
        byte* bytes = stackalloc byte[D.Width];
        if (!source.IsPlanar)
        {
            for (int w = 0; w < width; w++)
            {
                float* x = source.Pixel(n, h, w);
                byte* y = target.Pixel(n, h, w);
                // What lies past the channels is padding in both, but for a tensor of one channel, which has none.
                if (channels == 1) *y = IntegerArithmetic.Round(*x * _steps, stored.Zero, (0, byte.MaxValue));
                for (int c = 0; channels > 1 && c < source.Channels; c += D.Width)
                    D.StoreBytes(_rounding.Round(D.MultiplyFloat(D.Load((int*)x + c), steps)), y + c);
            }
            return;
        }
        if (target.IsCompact)
        {
            Compact(n, h, steps);
            return;
        }
        for (int c = 0; c < channels; c++)
        {
            float* x = source.Pixel(n, h, 0) + (c * source.ChannelStride);
            byte* y = target.Pixel(n, h, 0) + c;
            int w = 0;
            for (; w + D.Width <= width; w += D.Width)
            {
                D.StoreBytes(_rounding.Round(D.MultiplyFloat(D.Load((int*)x + w), steps)), bytes);
                for (int i = 0; i < D.Width; i++, y += target.PixelStride) *y = bytes[i];
            }
            for (; w < width; w++, y += target.PixelStride) *y = IntegerArithmetic.Round(x[w] * _steps, stored.Zero, (0, byte.MaxValue));
        }
    }

    // The channels of a pixel are the bytes of a number.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Compact(int n, int h, W steps)
    {
        int width = target.Shape.W, w = 0;
        float* x = source.Pixel(n, h, 0);
        byte* y = target.Pixel(n, h, 0);
        for (; w + D.Width <= width; w += D.Width)
        {
            W pixels = D.Broadcast(0);
            for (int c = target.Shape.C - 1; c >= 0; c--)
            {
                W value = _rounding.Round(D.MultiplyFloat(D.Load((int*)(x + (c * source.ChannelStride)) + w), steps));
                pixels = D.Add(D.Multiply(pixels, D.Broadcast(256)), value);
            }
            D.Store(pixels, (int*)y + w);
        }
        for (; w < width; w++)
        {
            for (int c = 0; c < target.Shape.C; c++)
            {
                float value = x[(c * source.ChannelStride) + w] * _steps;
                y[(4 * w) + c] = IntegerArithmetic.Round(value, stored.Zero, (0, byte.MaxValue));
            }
        }
    }
}

/// <summary>Bytes to the float32 numbers that they stand for.</summary>
internal sealed unsafe class DequantizeRows<D, W>(string name, ByteTensor source, Quantization stored, CpuTensor target)
    : ByteRowKernel(name, target.Shape) where D : struct, IDot<W> where W : struct
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Row(int n, int h)
    {
        W zero = D.Broadcast(stored.Zero), scale = Int8Rounding<D, W>.Float(stored.Scale);
        for (int w = 0; w < target.Shape.W; w++)
        {
            byte* x = source.Pixel(n, h, w);
            float* y = target.Pixel(n, h, w);
            if (target.Shape.C == 1) *y = (*x - stored.Zero) * stored.Scale;
            for (int c = 0; target.Shape.C > 1 && c < target.Channels; c += D.Width)
                D.Store(D.MultiplyFloat(D.ToFloat(D.Subtract(D.LoadBytes(x + c), zero)), scale), (int*)y + c);
        }
    }
}

/// <summary>
/// Sum or product of two tensors of bytes. Either operand may have one pixel, or one channel, which is spread over the other.
/// </summary>
internal sealed unsafe class ByteBinary<D, W> : ByteRowKernel where D : struct, IDot<W> where W : struct
{
    private readonly (ByteTensor Map, Quantization Stored) _a;
    private readonly (ByteTensor Map, Quantization Stored) _b;
    private readonly ByteTensor _target;
    private readonly Int8Rounding<D, W> _rounding;
    private readonly bool _product;
    private readonly float _aSteps;
    private readonly float _bSteps;

    public ByteBinary(
        string name, ActivatedOp op, (ByteTensor Map, Quantization Stored) a, (ByteTensor Map, Quantization Stored) b, ByteTensor target,
        Quantization stored) : base(name, target.Shape)
    {
        (_a, _b, _target, _product) = (a, b, target, op is MulOp);
        _rounding = new Int8Rounding<D, W>(op, stored);
        double scale = _rounding.Rounded.Scale;
        _aSteps = (float)(_product ? (double)a.Stored.Scale * b.Stored.Scale / scale : a.Stored.Scale / scale);
        _bSteps = (float)(b.Stored.Scale / scale);
    }

    public override KernelKind Kind => new(GetType(), Variant: _product ? 1 : 0);

    protected override void Row(int n, int h)
    {
        if (_product && Step(_b.Map) == 0 && _b.Map.Shape.C > 1 && _a.Map.Shape.C > 1 && Step(_a.Map) != 0) Gate(n, h);
        else if (_product) Multiply(n, h);
        else Add(n, h);
        _rounding.Table?.Apply(_target.Pixel(n, h, 0), _target.PixelStride, _target.Shape.W, _target.Channels);
    }

    private static byte* Start(ByteTensor map, int n, int h) => map.Pixel(n, map.Shape.H == 1 ? 0 : h, 0);

    private static nint Step(ByteTensor map) => map.Shape.W == 1 ? 0 : map.PixelStride;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Add(int n, int h)
    {
        byte* x = Start(_a.Map, n, h), y = Start(_b.Map, n, h), output = _target.Pixel(n, h, 0);
        nint xStep = Step(_a.Map), yStep = Step(_b.Map);
        bool xSingle = _a.Map.Shape.C == 1, ySingle = _b.Map.Shape.C == 1;
        W xZero = D.Broadcast(_a.Stored.Zero), yZero = D.Broadcast(_b.Stored.Zero);
        W xSteps = Int8Rounding<D, W>.Float(_aSteps), ySteps = Int8Rounding<D, W>.Float(_bSteps);
        for (int w = 0; w < _target.Shape.W; w++, x += xStep, y += yStep, output += _target.PixelStride)
        {
            for (nint c = 0; c < _target.Channels; c += D.Width)
            {
                W left = D.Subtract(xSingle ? D.Broadcast(*x) : D.LoadBytes(x + c), xZero);
                W right = D.Subtract(ySingle ? D.Broadcast(*y) : D.LoadBytes(y + c), yZero);
                W sum = D.AddFloat(D.MultiplyFloat(D.ToFloat(left), xSteps), D.MultiplyFloat(D.ToFloat(right), ySteps));
                D.StoreBytes(_rounding.Round(sum), output + c);
            }
        }
    }

    // One factor for each channel: two vectors of channels for all pixels of a row, then the next.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Gate(int n, int h)
    {
        byte* row = Start(_a.Map, n, h), gate = Start(_b.Map, n, h), target = _target.Pixel(n, h, 0);
        nint xStep = _a.Map.PixelStride, step = _target.PixelStride, c = 0;
        W xZero = D.Broadcast(_a.Stored.Zero), yZero = D.Broadcast(_b.Stored.Zero), steps = Int8Rounding<D, W>.Float(_aSteps);
        for (; c + (2 * D.Width) <= _target.Channels; c += 2 * D.Width)
        {
            W left = D.ToFloat(D.Subtract(D.LoadBytes(gate + c), yZero));
            W right = D.ToFloat(D.Subtract(D.LoadBytes(gate + c + D.Width), yZero));
            byte* x = row + c, output = target + c;
            int w = 0;
            for (; w + 2 <= _target.Shape.W; w += 2, x += 2 * xStep, output += 2 * step)
            {
                D.StorePixels(
                    Times(x, xZero, left, steps), Times(x + D.Width, xZero, right, steps),
                    Times(x + xStep, xZero, left, steps), Times(x + xStep + D.Width, xZero, right, steps),
                    output, output + step, null);
            }
            if (w == _target.Shape.W) continue;
            D.StoreBytes(Times(x, xZero, left, steps), output);
            D.StoreBytes(Times(x + D.Width, xZero, right, steps), output + D.Width);
        }
        for (; c < _target.Channels; c += D.Width)
        {
            W factor = D.ToFloat(D.Subtract(D.LoadBytes(gate + c), yZero));
            byte* x = row + c, output = target + c;
            for (int w = 0; w < _target.Shape.W; w++, x += xStep, output += step) D.StoreBytes(Times(x, xZero, factor, steps), output);
        }
    }

    // Both factors have 9 bits: their product is exact in float32, too.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private W Times(byte* x, W zero, W factor, W steps) =>
        _rounding.Round(D.MultiplyFloat(D.MultiplyFloat(D.ToFloat(D.Subtract(D.LoadBytes(x), zero)), factor), steps));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Multiply(int n, int h)
    {
        byte* x = Start(_a.Map, n, h), y = Start(_b.Map, n, h), output = _target.Pixel(n, h, 0);
        nint xStep = Step(_a.Map), yStep = Step(_b.Map);
        bool xSingle = _a.Map.Shape.C == 1, ySingle = _b.Map.Shape.C == 1;
        W xZero = D.Broadcast(_a.Stored.Zero), yZero = D.Broadcast(_b.Stored.Zero), steps = Int8Rounding<D, W>.Float(_aSteps);
        for (int w = 0; w < _target.Shape.W; w++, x += xStep, y += yStep, output += _target.PixelStride)
        {
            for (nint c = 0; c < _target.Channels; c += D.Width)
            {
                W left = D.Subtract(xSingle ? D.Broadcast(*x) : D.LoadBytes(x + c), xZero);
                W right = D.Subtract(ySingle ? D.Broadcast(*y) : D.LoadBytes(y + c), yZero);
                // Both have 9 bits: the product is exact in float32, too.
                D.StoreBytes(_rounding.Round(D.MultiplyFloat(D.MultiplyFloat(D.ToFloat(left), D.ToFloat(right)), steps)), output + c);
            }
        }
    }
}

/// <summary>A function of each byte.</summary>
internal sealed unsafe class ByteLookup(string name, ByteTensor source, byte[] table, ByteTensor target) : ByteRowKernel(name, target.Shape)
{
    private readonly ByteTable _table = new(table);

    protected override void Row(int n, int h) =>
        _table.Apply(source.Pixel(n, h, 0), target.Pixel(n, h, 0), target.PixelStride, target.Shape.W, target.Channels);
}

/// <summary>Copies tensors side by side, their pixels repeated where they are upsampled.</summary>
internal sealed unsafe class ByteConcat(string name, ByteSource[] sources, ByteTensor target) : ByteRowKernel(name, target.Shape)
{
    protected override void Row(int n, int h)
    {
        nint channel = 0;
        foreach (ByteSource source in sources)
        {
            byte* to = target.Pixel(n, h, 0) + channel;
            ByteRows.CopyRow(source, n, h, to, target.PixelStride, 0, target.Shape.W, 0, source.Map.Shape.C);
            channel += source.Map.Shape.C;
        }
    }
}

/// <summary>Copies a run of channels.</summary>
internal sealed unsafe class ByteSlice(string name, int start, ByteTensor source, ByteTensor target) : ByteRowKernel(name, target.Shape)
{
    protected override void Row(int n, int h)
    {
        for (int w = 0; w < target.Shape.W; w++)
        {
            var bytes = new ReadOnlySpan<byte>(source.Pixel(n, h, w) + start, target.Shape.C);
            bytes.CopyTo(new Span<byte>(target.Pixel(n, h, w), target.Shape.C));
        }
    }
}
