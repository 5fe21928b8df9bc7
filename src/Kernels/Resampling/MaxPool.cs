using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Resampling;

/// <summary>Max pooling; padding never wins, not-a-number always does.</summary>
internal static class MaxPool
{
    public static void Run<T>(ResampleParameters p) where T : struct, IStorage
    {
        Item item = Item.Of<T>(p.Output);
        if (!item.Exists) return;
        int top = (item.Row * p.Stride) - p.Padding, left = (item.Column * p.Stride) - p.Padding;
        int bottom = IntMath.Min(top + p.KernelSize, p.Input.Height), right = IntMath.Min(left + p.KernelSize, p.Input.Width);
        Float8 greatest = Float8.Splat(float.NegativeInfinity);
        for (int row = IntMath.Max(top, 0); row < bottom; row++)
        {
            for (int column = IntMath.Max(left, 0); column < right; column++)
                greatest = Greater(greatest, default(T).Load(p.Input.Element<T>(item.Image, row, column, item.Channel)));
        }
        default(T).Store(p.Output.Element<T>(item), greatest);
    }

    private static Float8 Greater(Float8 a, Float8 b)
    {
        a.Low.X = Reduction.Greater(a.Low.X, b.Low.X);
        a.Low.Y = Reduction.Greater(a.Low.Y, b.Low.Y);
        a.Low.Z = Reduction.Greater(a.Low.Z, b.Low.Z);
        a.Low.W = Reduction.Greater(a.Low.W, b.Low.W);
        a.High.X = Reduction.Greater(a.High.X, b.High.X);
        a.High.Y = Reduction.Greater(a.High.Y, b.High.Y);
        a.High.Z = Reduction.Greater(a.High.Z, b.High.Z);
        a.High.W = Reduction.Greater(a.High.W, b.High.W);
        return a;
    }
}
