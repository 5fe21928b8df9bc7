using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Pooling;

/// <summary>Average pooling over windows; what hangs over the padding never counts.</summary>
internal static class WindowPool
{
    public static void Average<T>(WindowPoolParameters p) where T : struct, IStorage
    {
        Item item = Item.Of<T>(p.Output);
        if (!item.Exists) return;
        int top = (item.Row * p.Stride) - p.Padding, left = (item.Column * p.Stride) - p.Padding;
        int firstRow = IntMath.Max(top, 0), endRow = IntMath.Min(top + p.KernelSize, p.Input.Height);
        int firstColumn = IntMath.Max(left, 0), endColumn = IntMath.Min(left + p.KernelSize, p.Input.Width);
        Float8 sum = Float8.Splat(0);
        for (int row = firstRow; row < endRow; row++)
        {
            for (int column = firstColumn; column < endColumn; column++)
                sum = sum.Plus(default(T).Load(p.Input.Element<T>(item.Image, row, column, item.Channel)));
        }
        int rows = endRow - firstRow, columns = endColumn - firstColumn;
        if (p.CountIncludePad != 0)
        {
            rows = IntMath.Min(top + p.KernelSize, p.Input.Height + p.Padding) - top;
            columns = IntMath.Min(left + p.KernelSize, p.Input.Width + p.Padding) - left;
        }
        default(T).Store(p.Output.Element<T>(item), sum.Times(Float8.Splat(1f / (rows * columns))));
    }
}
