using ILGPU;
using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Pooling;

/// <summary>
/// Average pooling to Bins x Bins. Sums: grid x counts blocks of 8 vectors of channels, y the bins, z the images, in each the parts
/// of a bin. Mean: an item of the output each.
/// </summary>
internal static class AveragePool
{
    public static void Sums<T>(PoolParameters p) where T : struct, IStorage
    {
        int vectors = IntMath.DivideUp(p.Input.Channels, default(T).Width), bins = p.Output.Width;
        var threads = new ChannelReduction(vectors);
        int image = Grid.IdxZ / p.Parts, part = Grid.IdxZ - (image * p.Parts), binRow = Grid.IdxY / bins,
            binColumn = Grid.IdxY - (binRow * bins);
        int top = Start(binRow, p.Input.Height, p.Output.Height), height = End(binRow, p.Input.Height, p.Output.Height) - top;
        int left = Start(binColumn, p.Input.Width, bins), width = End(binColumn, p.Input.Width, bins) - left;
        int first = top + (height * part / p.Parts), rows = top + (height * (part + 1) / p.Parts) - first;
        int channel = threads.Vector * default(T).Width;
        Float8 sum = Float8.Splat(0);
        if (threads.Exists)
        {
            for (int i = threads.Pixel; i < rows * width; i += threads.PixelStep)
            {
                int row = i / width;
                sum = sum.Plus(default(T).Load(p.Input.Element<T>(image, first + row, left + i - (row * width), channel)));
            }
        }
        sum = threads.Sum(sum);
        if (threads.Exists & threads.Pixel == 0)
        {
            long place = (((((long)part * p.Batch) + image) * (bins * p.Output.Height)) + Grid.IdxY) * p.PartialStride;
            Channels<T>.Store(p.Partial + ((place + channel) * sizeof(float)), sum);
        }
    }

    public static void Mean<T>(PoolParameters p) where T : struct, IStorage
    {
        Item item = Item.Of<T>(p.Output);
        if (!item.Exists) return;
        int bins = p.Output.Height * p.Output.Width;
        long place = (((item.Image * (long)bins) + (item.Row * p.Output.Width) + item.Column) * p.PartialStride) + item.Channel;
        Float8 sum = Float8.Splat(0);
        for (int part = 0; part < p.Parts; part++)
            sum = sum.Plus(Channels<T>.Load(p.Partial + ((place + (part * ((long)p.Batch * bins * p.PartialStride))) * sizeof(float))));
        int rows = End(item.Row, p.Input.Height, p.Output.Height) - Start(item.Row, p.Input.Height, p.Output.Height);
        int columns = End(item.Column, p.Input.Width, p.Output.Width) - Start(item.Column, p.Input.Width, p.Output.Width);
        default(T).Store(p.Output.Element<T>(item), sum.Times(Float8.Splat(1f / (rows * columns))));
    }

    // The bins of AdaptiveAvgPool2dOp.
    private static int Start(int bin, int size, int bins) => bin * size / bins;

    private static int End(int bin, int size, int bins) => IntMath.DivideUp((bin + 1) * size, bins);
}
