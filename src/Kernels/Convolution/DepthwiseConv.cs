using ILGPU;
using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Convolution;

/// <summary>A window's size and stride where the kernel is written for them, so that its taps come without a loop.</summary>
internal interface IWindow
{
    /// <summary>Rows and columns; 0 for any.</summary>
    int Size { get; }

    /// <summary>1 or 2; 0 for any.</summary>
    int Stride { get; }
}

internal readonly struct AnyWindow : IWindow
{
    public int Size => 0;

    public int Stride => 0;
}

internal readonly struct Window3 : IWindow
{
    public int Size => 3;

    public int Stride => 1;
}

internal readonly struct Window3Stride2 : IWindow
{
    public int Size => 3;

    public int Stride => 2;
}

internal readonly struct Window5 : IWindow
{
    public int Size => 5;

    public int Stride => 1;
}

internal readonly struct Window5Stride2 : IWindow
{
    public int Size => 5;

    public int Stride => 2;
}

/// <summary>
/// One filter for each channel. A thread makes 8 channels of a strip: 4 pixels of a row, a dilation apart, so that they share the
/// columns they see whatever the dilation. It walks along the columns of one residue modulo the stride at a time, and each step
/// moves its four inputs up by one: a column is loaded once for a row of the window.
/// </summary>
internal static class DepthwiseConv
{
    public static void Any<T>(DepthwiseParameters p) where T : struct, IStorage => Run<T, AnyWindow>(p);

    public static void Three<T>(DepthwiseParameters p) where T : struct, IStorage
    {
        if (p.Window.Stride == 1) Run<T, Window3>(p);
        else if (p.Window.Stride == 2) Run<T, Window3Stride2>(p);
        else Run<T, AnyWindow>(p);
    }

    public static void Five<T>(DepthwiseParameters p) where T : struct, IStorage
    {
        if (p.Window.Stride == 1) Run<T, Window5>(p);
        else if (p.Window.Stride == 2) Run<T, Window5Stride2>(p);
        else Run<T, AnyWindow>(p);
    }

    private static void Run<T, TWindow>(DepthwiseParameters p) where T : struct, IStorage where TWindow : struct, IWindow
    {
        int vectors = IntMath.DivideUp(p.Output.Channels, 8), strips = DepthwiseParameters.Strips(p.Output.Width, p.Window.Dilation);
        int index = (Grid.IdxX * Group.DimX) + Group.IdxX, strip = index / vectors, channel = (index - (strip * vectors)) * 8,
            row = strip / strips;
        strip -= row * strips;
        if (row >= p.Output.Height) return;
        int run = strip / p.Window.Dilation, first =
            (run * DepthwiseParameters.StripPixels * p.Window.Dilation) + strip - (run * p.Window.Dilation);

        int rows = default(TWindow).Size > 0 ? default(TWindow).Size : p.Window.R,
            columns = default(TWindow).Size > 0 ? default(TWindow).Size : p.Window.S;
        int top = (row * p.Window.Stride) - p.Window.PadTop;
        long tapBytes = IntMath.RoundUp8(p.Input.Channels) * (long)default(T).Size, weights = p.Weights + (channel * (long)default(T).Size);
        Strip sums = Strip.Of(p.Bias != 0 ? Channels<F32>.Load(p.Bias + (channel * (long)sizeof(float))) : Float8.Splat(0));
        for (int r = 0; r < rows; r++)
        {
            int y = top + (r * p.Window.Dilation);
            if ((uint)y >= (uint)p.Input.Height) continue;
            var line = new DepthwiseLine<T>(p.Input.Element<T>(Grid.IdxY, y, 0, channel), (first * p.Window.Stride) - p.Window.PadLeft,
                weights + (r * columns * tapBytes), tapBytes);
            if (default(TWindow).Size > 0)
            {
                sums = line.Residue<TWindow>(p, sums, 0);
                if (default(TWindow).Stride == 2) sums = line.Residue<TWindow>(p, sums, 1);
            }
            else
            {
                for (int residue = 0; residue < IntMath.Min(p.Window.Stride, columns); residue++)
                    sums = line.AnyResidue(p, sums, residue, columns);
            }
        }

        Store<T>(p, row, first, channel, sums.P0);
        Store<T>(p, row, first + p.Window.Dilation, channel, sums.P1);
        Store<T>(p, row, first + (2 * p.Window.Dilation), channel, sums.P2);
        Store<T>(p, row, first + (3 * p.Window.Dilation), channel, sums.P3);
    }

    private static void Store<T>(DepthwiseParameters p, int row, int column, int channel, Float8 sums) where T : struct, IStorage
    {
        if (column < p.Output.Width)
            default(T).Store(p.Output.Element<T>(Grid.IdxY, row, column, channel), Activations.Apply(sums, p.Activation));
    }
}
