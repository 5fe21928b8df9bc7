using ILGPU;
using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Convolution;

/// <summary>A 1x1 convolution of few pixels, where reading the weights is the work: a warp makes one filter of one pixel.</summary>
internal static class Linear
{
    public static void Run<T>(LinearParameters p) where T : struct, IStorage
    {
        int index = ((Grid.IdxX * Group.DimX) + Group.IdxX) / Warp.WarpSize;
        int stored = p.Output.Channels == 1 ? 1 : IntMath.RoundUp8(p.Output.Channels), pixel = index / stored,
            filter = index - (pixel * stored);
        if (pixel >= p.Output.Height * p.Output.Width) return;
        int lane = Warp.LaneIdx, padded = IntMath.RoundUp8(p.Input.Channels);
        long output = p.Output.Element<T>(Grid.IdxY, pixel, filter);
        if (filter >= p.Output.Channels)
        {
            if (lane == 0) default(T).StoreOne(output, 0);
            return;
        }
        long source = p.Input.Element<T>(Grid.IdxY, pixel, 0), weights = p.Weights + (filter * (long)padded * default(T).Size);
        Float8 sums = Float8.Splat(0);
        for (int channel = lane * 8; channel < padded; channel += Warp.WarpSize * 8)
        {
            long offset = channel * (long)default(T).Size;
            sums = sums.PlusProduct(default(T).Load(source + offset), default(T).Load(weights + offset));
        }
        float sum = Reduction.WarpSum(sums.Sum());
        if (lane != 0) return;
        if (p.Bias != 0) sum += Global.LoadFloat(p.Bias + (filter * (long)sizeof(float)));
        if (p.Residual.Address != 0) sum += default(T).LoadOne(p.Residual.Element<T>(Grid.IdxY, pixel, filter));
        default(T).StoreOne(output, Activations.Apply(sum, p.Activation));
    }
}
