using LungSeg.Engine.Ops;
using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Convolution;

/// <summary>
/// The end of a convolution: bias, residual, activation and store of neighbouring filters of one pixel, or the split's sums.
/// </summary>
internal static class ConvOutput
{
    /// <summary>Stores four sums of float32 maps.</summary>
    public static void Store(ConvParameters p, ConvBlock block, int pixel, int filter, Float4 sums)
    {
        if (pixel >= p.Rows * p.Columns | filter >= ConvBlock.StoredFilters(p)) return;
        int place = block.OutputPixel(p, pixel), channel = (block.Group * p.Filters) + filter;
        if (p.Splits > 1)
        {
            Global.Store(PartialAddress(p, block, place, channel), sums);
            return;
        }
        if (p.Bias != 0) sums = sums.Plus(Global.LoadFloat4(p.Bias + (channel * (long)sizeof(float))));
        if (p.Residual.Address != 0) sums = sums.Plus(Global.LoadFloat4(p.Residual.Element<F32>(block.Image, place, channel)));
        Global.Store(p.Output.Element<F32>(block.Image, place, channel), Activations.Apply(sums, p.Activation));
    }

    /// <summary>Stores eight sums of maps of any storage.</summary>
    public static void Store<T>(ConvParameters p, ConvBlock block, int pixel, int filter, Float8 sums) where T : struct, IStorage
    {
        if (pixel >= p.Rows * p.Columns | filter >= ConvBlock.StoredFilters(p)) return;
        int place = block.OutputPixel(p, pixel), channel = (block.Group * p.Filters) + filter;
        if (p.Splits > 1)
        {
            Channels<F32>.Store(PartialAddress(p, block, place, channel), sums);
            return;
        }
        Finish<T>(p.Output, p.Residual, p.Bias, p.Activation, block.Image, place, channel, sums);
    }

    /// <summary>Bias, residual, activation and store of eight sums.</summary>
    public static void Finish<T>(DeviceMap output, DeviceMap residual, long bias, Activation activation, int image, int pixel, int channel,
        Float8 sums)
        where T : struct, IStorage
    {
        if (bias != 0) sums = sums.Plus(Channels<T>.Load(bias + (channel * (long)sizeof(float))));
        if (residual.Address != 0) sums = sums.Plus(default(T).Load(residual.Element<T>(image, pixel, channel)));
        default(T).Store(output.Element<T>(image, pixel, channel), Activations.Apply(sums, activation));
    }

    private static long PartialAddress(ConvParameters p, ConvBlock block, int pixel, int channel)
    {
        long row = (((block.Split * p.Batch) + block.Image) * ((long)p.Output.Height * p.Output.Width)) + pixel;
        return p.Partial + (((row * p.PartialStride) + channel) * sizeof(float));
    }
}
