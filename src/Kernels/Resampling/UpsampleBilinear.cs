using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Resampling;

/// <summary>Bilinear resizing; positions as UpsampleBilinearOp.Source computes them, in double from a float scale.</summary>
internal static class UpsampleBilinear
{
    public static void Run<T>(ResampleParameters p) where T : struct, IStorage
    {
        Item item = Item.Of<T>(p.Output);
        if (!item.Exists) return;
        double row = Position(item.Row, p.RowScale, p.AlignCorners), column = Position(item.Column, p.ColumnScale, p.AlignCorners);
        int top = IntMath.Min((int)row, p.Input.Height - 1), left = IntMath.Min((int)column, p.Input.Width - 1);
        int bottom = IntMath.Min(top + 1, p.Input.Height - 1), right = IntMath.Min(left + 1, p.Input.Width - 1);
        float down = (float)(row - top), across = (float)(column - left);
        Float8 upper = Blend(Source<T>(p, item, top, left), Source<T>(p, item, top, right), across);
        Float8 lower = Blend(Source<T>(p, item, bottom, left), Source<T>(p, item, bottom, right), across);
        default(T).Store(p.Output.Element<T>(item), Activations.Apply(Blend(upper, lower, down), p.Activation));
    }

    private static double Position(int index, float scale, int alignCorners)
    {
        if (alignCorners != 0) return (double)scale * index;
        double position = (scale * (index + 0.5)) - 0.5;
        return position > 0 ? position : 0;
    }

    private static Float8 Source<T>(ResampleParameters p, Item item, int row, int column) where T : struct, IStorage =>
        default(T).Load(p.Input.Element<T>(item.Image, row, column, item.Channel));

    private static Float8 Blend(Float8 a, Float8 b, float weight) =>
        a.Times(Float8.Splat(1f - weight)).PlusProduct(b, Float8.Splat(weight));
}
