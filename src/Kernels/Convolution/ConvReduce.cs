using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Convolution;

/// <summary>The end of a convolution whose reduction was split: the splits' sums in their order, then as any convolution ends.</summary>
internal static class ConvReduce
{
    public static void Run<T>(ConvReduceParameters p) where T : struct, IStorage
    {
        Item item = Item.Of<T>(p.Output);
        if (!item.Exists) return;
        int pixel = (item.Row * p.Output.Width) + item.Column;
        long pixels = (long)p.Output.Height * p.Output.Width;
        long address = p.Partial + (((((item.Image * pixels) + pixel) * p.PartialStride) + item.Channel) * sizeof(float));
        long step = p.Batch * pixels * p.PartialStride * sizeof(float);
        Float8 sums = Channels<T>.Load(address);
        for (int split = 1; split < p.Splits; split++)
        {
            address += step;
            sums = sums.Plus(Channels<T>.Load(address));
        }
        ConvOutput.Finish<T>(p.Output, p.Residual, p.Bias, p.Activation, item.Image, pixel, item.Channel, sums);
    }
}
