using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Convolution;
using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu.Int8;

/// <summary>
/// How values in steps become bytes: limited, rounded, moved by the zero point, and looked up where the activation is a table.
/// </summary>
internal sealed unsafe class Int8Rounding<D, W> where D : struct, IDot<W> where W : struct
{
    private readonly W _low;
    private readonly W _high;
    private readonly W _zero;

    public Int8Rounding(ActivatedOp op, Quantization stored)
    {
        Rounded = IntegerArithmetic.Rounded(op, stored);
        (byte low, byte high) = IntegerArithmetic.Limits(op.Activation, Rounded);
        _low = Float(low - Rounded.Zero);
        _high = Float(high - Rounded.Zero);
        _zero = D.Broadcast(Rounded.Zero - IDot<W>.Rounding);
        Table = IntegerArithmetic.Table(op, stored) is byte[] table ? new ByteTable(table) : null;
    }

    /// <summary>For an operation without an activation.</summary>
    public Int8Rounding(Quantization stored)
    {
        Rounded = stored;
        (_low, _high, _zero) = (Float(-stored.Zero), Float(byte.MaxValue - stored.Zero), D.Broadcast(stored.Zero - IDot<W>.Rounding));
    }

    /// <summary>What values are in steps of.</summary>
    public Quantization Rounded { get; }

    /// <summary>What remains to be done after <see cref="Round"/>.</summary>
    public ByteTable? Table { get; }

    /// <summary>A number in all lanes, as float32.</summary>
    public static W Float(float value) => D.Broadcast(BitConverter.SingleToInt32Bits(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public W Round(W steps) => D.Round(steps, _low, _high, _zero);
}

/// <summary>Where the sums of a convolution's tiles go.</summary>
internal abstract unsafe class Int8Output<D, W> where D : struct, IDot<W> where W : struct
{
    /// <summary>Stores the sums of some pixels of a row, [pixel][output of the panel].</summary>
    public abstract void Store(int* sums, nint stride, Panel panel, int n, int h, int w, int pixels);

    /// <summary>Stores them as bytes in pixels of somebody's working memory instead, from its channel 0 on.</summary>
    public abstract void Store(int* sums, nint stride, Panel panel, byte* pixel, nint step, int pixels);
}

/// <summary>
/// Rounded to bytes, with a residual added if there is one. Of a tensor that is never stored there is no place.
/// </summary>
internal sealed unsafe class ByteOutput<D, W>(
    float[] multipliers, Int8Rounding<D, W> rounding, ByteTarget target, ByteTarget? residual, Quantization residualQuantization)
    : Int8Output<D, W> where D : struct, IDot<W> where W : struct
{
    private readonly AlignedValues<float> _multipliers = new(multipliers);
    private readonly float _residualSteps = (float)((double)residualQuantization.Scale / rounding.Rounded.Scale);

    public override void Store(int* sums, nint stride, Panel panel, int n, int h, int w, int pixels)
    {
        byte* added = residual is ByteTarget map ? map.Pixel(n, h, w) + panel.OutputChannel : null;
        nint addedStride = residual is ByteTarget from ? from.PixelStride : 0;
        Store(sums, stride, panel, target.Pixel(n, h, w) + panel.OutputChannel, target.PixelStride, added, addedStride, pixels);
    }

    public override void Store(int* sums, nint stride, Panel panel, byte* pixel, nint step, int pixels) =>
        Store(sums, stride, panel, pixel + panel.OutputChannel, step, null, 0, pixels);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Store(
        int* sums, nint stride, Panel panel, byte* output, nint outputStride, byte* added, nint addedStride, int pixels)
    {
        int* steps = (int*)(_multipliers.Data + panel.Bias);
        if (panel.Vectors == 1)
        {
            for (int pixel = 0; pixel < pixels; pixel++, sums += stride, added += addedStride)
                D.StoreBytes(Value(sums, steps, added), output + (pixel * outputStride));
            rounding.Table?.Apply(output, outputStride, pixels, D.Width);
            return;
        }
        int left = pixels;
        for (; left > 1; left -= 2, sums += 2 * stride, output += 2 * outputStride, added += 2 * addedStride)
        {
            byte* next = added == null ? null : added + addedStride;
            D.StorePixels(
                Value(sums, steps, added), Value(sums + D.Width, steps + D.Width, Right(added)),
                Value(sums + stride, steps, next), Value(sums + stride + D.Width, steps + D.Width, Right(next)),
                output, output + outputStride, rounding.Table);
        }
        if (left == 0) return;
        D.StoreBytes(Value(sums, steps, added), output);
        D.StoreBytes(Value(sums + D.Width, steps + D.Width, Right(added)), output + D.Width);
        rounding.Table?.Apply(output, 0, 1, 2 * D.Width);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* Right(byte* added) => added == null ? null : added + D.Width;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private W Value(int* sums, int* steps, byte* added)
    {
        W value = D.MultiplyFloat(D.ToFloat(D.Load(sums)), D.Load(steps));
        if (added != null)
        {
            W difference = D.Subtract(D.LoadBytes(added), D.Broadcast(residualQuantization.Zero));
            value = D.AddFloat(value, D.MultiplyFloat(D.ToFloat(difference), Int8Rounding<D, W>.Float(_residualSteps)));
        }
        return rounding.Round(value);
    }
}

/// <summary>As real numbers in float32, then through an activation, the same bits on every processor.</summary>
internal sealed unsafe class FloatOutput<D, W>(float[] multipliers, CpuTensor map, Target target, Activation activation)
    : Int8Output<D, W> where D : struct, IDot<W> where W : struct
{
    public override void Store(int* sums, nint stride, Panel panel, byte* pixel, nint step, int pixels) =>
        throw new NotSupportedException("real numbers have no place among bytes");

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Store(int* sums, nint stride, Panel panel, int n, int h, int w, int pixels)
    {
        fixed (float* all = multipliers)
        {
            float* steps = all + panel.Bias, output = target.Pixel(n, h, w) + panel.OutputChannel;
            for (int pixel = 0; pixel < pixels; pixel++, sums += stride, output += target.PixelStride)
            {
                // A tensor of one channel is not padded.
                if (map.Shape.C == 1)
                {
                    *output = Elementary<ExactScalar, float>.Activate(*sums * *steps, activation);
                    continue;
                }
                for (int v = 0; v < panel.Vectors * D.Width; v += D.Width)
                    D.Store(D.MultiplyFloat(D.ToFloat(D.Load(sums + v)), D.Load((int*)steps + v)), (int*)output + v);
                if (activation == Activation.None) continue;
                for (float* value = output; value < output + (panel.Vectors * D.Width); value++)
                    *value = Elementary<ExactScalar, float>.Activate(*value, activation);
            }
        }
    }
}
