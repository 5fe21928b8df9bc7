using ILGPU;
using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Convolution;

/// <summary>A window's size where the kernel is compiled for one, so that its loops are unrolled.</summary>
internal interface IWindow
{
    /// <summary>Rows and columns; 0 for any.</summary>
    int Size { get; }
}

internal readonly struct AnyWindow : IWindow
{
    public int Size => 0;
}

internal readonly struct Window3 : IWindow
{
    public int Size => 3;
}

internal readonly struct Window5 : IWindow
{
    public int Size => 5;
}

/// <summary>
/// One filter for each channel. A thread makes 8 channels of a strip: 4 pixels of a row, a dilation apart, so that they share the
/// columns they see whatever the dilation. It walks along the columns of one residue modulo the stride at a time, and each step
/// moves its four inputs up by one: a column is loaded once for a row of the window.
/// </summary>
internal static class DepthwiseConv
{
    public static void Run<T, TWindow>(DepthwiseParameters p) where T : struct, IStorage where TWindow : struct, IWindow
    {
        int vectors = IntMath.DivideUp(p.Output.Channels, 8), strips = DepthwiseParameters.Strips(p.Output.Width, p.Dilation);
        int index = (Grid.IdxX * Group.DimX) + Group.IdxX, strip = index / vectors, channel = (index - (strip * vectors)) * 8, row = strip / strips;
        strip -= row * strips;
        if (row >= p.Output.Height) return;
        int run = strip / p.Dilation, first = (run * DepthwiseParameters.StripPixels * p.Dilation) + strip - (run * p.Dilation);

        int rows = default(TWindow).Size > 0 ? default(TWindow).Size : p.R, columns = default(TWindow).Size > 0 ? default(TWindow).Size : p.S;
        int top = (row * p.Stride) - p.PadTop, left = (first * p.Stride) - p.PadLeft, step = p.Stride * p.Dilation;
        long tapBytes = IntMath.RoundUp8(p.Input.Channels) * (long)default(T).Size, weights = p.Weights + (channel * (long)default(T).Size);
        long pixelBytes = p.Input.PixelStride * (long)default(T).Size;
        Strip sums = Strip.Of(p.Bias != 0 ? Channels<F32>.Load(p.Bias + (channel * (long)sizeof(float))) : Float8.Splat(0));
        for (int r = 0; r < rows; r++)
        {
            int y = top + (r * p.Dilation);
            if ((uint)y >= (uint)p.Input.Height) continue;
            long line = p.Input.Element<T>(Grid.IdxY, y, 0, channel), tap = weights + (r * columns * tapBytes);
            for (int residue = 0; residue < IntMath.Min(p.Stride, columns); residue++)
            {
                int x = left + (residue * p.Dilation);
                Strip seen;
                seen.P0 = Column<T>(p, line, pixelBytes, x);
                seen.P1 = Column<T>(p, line, pixelBytes, x + step);
                seen.P2 = Column<T>(p, line, pixelBytes, x + (2 * step));
                seen.P3 = Column<T>(p, line, pixelBytes, x + (3 * step));
                for (int s = residue; s < columns; s += p.Stride)
                {
                    x += step;
                    Float8 next = Column<T>(p, line, pixelBytes, x + (3 * step));
                    sums = sums.PlusProduct(seen, default(T).Load(tap + (s * tapBytes)));
                    seen = seen.Moved(next);
                }
            }
        }

        Store<T>(p, row, first, channel, sums.P0);
        Store<T>(p, row, first + p.Dilation, channel, sums.P1);
        Store<T>(p, row, first + (2 * p.Dilation), channel, sums.P2);
        Store<T>(p, row, first + (3 * p.Dilation), channel, sums.P3);
    }

    private static Float8 Column<T>(DepthwiseParameters p, long line, long pixelBytes, int x) where T : struct, IStorage =>
        default(T).LoadOrZero(line + (x * pixelBytes), (uint)x < (uint)p.Input.Width);

    private static void Store<T>(DepthwiseParameters p, int row, int column, int channel, Float8 sums) where T : struct, IStorage
    {
        if (column < p.Output.Width)
            default(T).Store(p.Output.Element<T>(Grid.IdxY, row, column, channel), Activations.Apply(sums, p.Activation));
    }
}

/// <summary>8 channels of 4 pixels.</summary>
internal struct Strip
{
    public Float8 P0;
    public Float8 P1;
    public Float8 P2;
    public Float8 P3;

    public static Strip Of(Float8 all)
    {
        Strip strip;
        strip.P0 = all;
        strip.P1 = all;
        strip.P2 = all;
        strip.P3 = all;
        return strip;
    }

    public readonly Strip PlusProduct(Strip inputs, Float8 weights)
    {
        Strip strip;
        strip.P0 = P0.PlusProduct(inputs.P0, weights);
        strip.P1 = P1.PlusProduct(inputs.P1, weights);
        strip.P2 = P2.PlusProduct(inputs.P2, weights);
        strip.P3 = P3.PlusProduct(inputs.P3, weights);
        return strip;
    }

    /// <summary>The pixels after the first, and another.</summary>
    public readonly Strip Moved(Float8 last)
    {
        Strip strip;
        strip.P0 = P1;
        strip.P1 = P2;
        strip.P2 = P3;
        strip.P3 = last;
        return strip;
    }
}
