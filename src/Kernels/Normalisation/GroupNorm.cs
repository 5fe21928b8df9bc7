using ILGPU;
using ILGPU.Algorithms;
using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Normalisation;

/// <summary>
/// Group normalisation. Moments: each part of an image leaves, for each channel, its mean and the sum of squared deviations from
/// that mean, so that nothing large is subtracted from something large. Scale: a warp for each group puts the parts together.
/// </summary>
internal static class GroupNorm
{
    /// <summary>Grid x counts blocks of 8 vectors of channels, y the parts, z the images.</summary>
    public static void Moments<T>(GroupNormParameters p) where T : struct, IStorage
    {
        var threads = new ChannelReduction(IntMath.DivideUp(p.Input.Channels, default(T).Width));
        int pixels = p.Input.Height * p.Input.Width, part = Grid.IdxY, image = Grid.IdxZ, channel = threads.Vector * default(T).Width;
        int first = First(pixels, part, p.Parts), end = First(pixels, part + 1, p.Parts);
        Float8 sum = Float8.Splat(0);
        for (int i = first + threads.Pixel; i < end & threads.Exists; i += threads.PixelStep)
            sum = sum.Plus(default(T).Load(p.Input.Element<T>(image, i, channel)));
        Float8 mean = threads.Sum(sum).Times(Float8.Splat(1f / (end - first)));

        Float8 squares = Float8.Splat(0), minusMean = mean.Times(Float8.Splat(-1));
        for (int i = first + threads.Pixel; i < end & threads.Exists; i += threads.PixelStep)
        {
            Float8 deviation = default(T).Load(p.Input.Element<T>(image, i, channel)).Plus(minusMean);
            squares = squares.PlusProduct(deviation, deviation);
        }
        squares = threads.Sum(squares);
        if (!(threads.Exists & threads.Pixel == 0)) return;
        long place = p.Partial + ((((((long)part * p.Batch) + image) * 2 * p.ChannelStride) + channel) * sizeof(float));
        Channels<T>.Store(place, mean);
        Channels<T>.Store(place + (p.ChannelStride * (long)sizeof(float)), squares);
    }

    /// <summary>Grid x counts the groups, y the images; a block is a warp.</summary>
    public static void Scale(GroupNormParameters p)
    {
        int lane = Warp.LaneIdx, image = Grid.IdxY, width = p.Input.Channels / p.Groups, firstChannel = Grid.IdxX * width;
        int pixels = p.Input.Height * p.Input.Width;
        float count = (float)pixels * width;

        float sum = 0;
        for (int i = lane; i < p.Parts * width; i += Warp.WarpSize)
        {
            int part = i / width;
            sum += Weight(pixels, part, p.Parts) * Global.LoadFloat(Moment(p, part, image, firstChannel + i - (part * width)));
        }
        float mean = Reduction.WarpSum(sum) / count;

        float squares = 0;
        for (int i = lane; i < p.Parts * width; i += Warp.WarpSize)
        {
            int part = i / width;
            long moment = Moment(p, part, image, firstChannel + i - (part * width));
            float shift = Global.LoadFloat(moment) - mean;
            squares += Global.LoadFloat(moment + (p.ChannelStride * (long)sizeof(float))) + (Weight(pixels, part, p.Parts) * shift * shift);
        }
        float scale = 1f / XMath.Sqrt((Reduction.WarpSum(squares) / count) + p.Epsilon);

        // The last group's warp clears the padding channels too.
        int end = Grid.IdxX == p.Groups - 1 ? p.ChannelStride : firstChannel + width;
        for (int channel = firstChannel + lane; channel < end; channel += Warp.WarpSize)
        {
            long offset = channel * (long)sizeof(float), place = ((image * (long)p.ChannelStride) + channel) * sizeof(float);
            float gain = 0, shift = 0;
            if (channel < p.Input.Channels)
            {
                gain = Global.LoadFloat(p.Weight + offset) * scale;
                shift = Global.LoadFloat(p.Bias + offset) - (mean * gain);
            }
            Global.Store(p.Scale + place, gain);
            Global.Store(p.Shift + place, shift);
        }
    }

    private static int First(int pixels, int part, int parts) => (int)((long)pixels * part / parts);

    private static float Weight(int pixels, int part, int parts) => First(pixels, part + 1, parts) - First(pixels, part, parts);

    private static long Moment(GroupNormParameters p, int part, int image, int channel) =>
        p.Partial + ((((((long)part * p.Batch) + image) * 2 * p.ChannelStride) + channel) * sizeof(float));
}
