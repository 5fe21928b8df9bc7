using ILGPU;
using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Convolution;

/// <summary>A single filter: the lanes that share a pixel take its vectors of channels in turn, and a shuffle adds their sums up.</summary>
internal static class HeadConv
{
    public static void Run<T>(HeadConvParameters p) where T : struct, IStorage
    {
        int index = (Grid.IdxX * Group.DimX) + Group.IdxX, pixel = index / p.Lanes, lane = index - (pixel * p.Lanes);
        // All lanes of a warp take part in the shuffles: those beyond the end repeat the last pixel.
        bool exists = pixel < p.Output.Height * p.Output.Width;
        pixel = IntMath.Min(pixel, (p.Output.Height * p.Output.Width) - 1);
        int row = pixel / p.Output.Width, column = pixel - (row * p.Output.Width);
        int padded = IntMath.RoundUp8(p.Input.Channels);
        Float8 sums = Float8.Splat(0);
        for (int r = 0; r < p.Window.R; r++)
        {
            int y = (row * p.Window.Stride) - p.Window.PadTop + (r * p.Window.Dilation);
            for (int s = 0; s < p.Window.S; s++)
            {
                int x = (column * p.Window.Stride) - p.Window.PadLeft + (s * p.Window.Dilation);
                if ((uint)y >= (uint)p.Input.Height | (uint)x >= (uint)p.Input.Width) continue;
                long source = p.Input.Element<T>(Grid.IdxY, y, x, 0),
                    weights = p.Weights + (((r * p.Window.S) + s) * (long)padded * sizeof(float));
                for (int channel = lane * 8; channel < padded; channel += p.Lanes * 8)
                    sums = sums.PlusProduct(default(T).Load(source + (channel * (long)default(T).Size)),
                        Channels<F32>.Load(weights + (channel * (long)sizeof(float))));
            }
        }
        float sum = Reduction.LaneSum(sums.Sum(), p.Lanes);
        if (!exists | lane != 0) return;
        if (p.Bias != 0) sum += Global.LoadFloat(p.Bias);
        if (p.Residual.Address != 0) sum += default(T).LoadOne(p.Residual.Element<T>(Grid.IdxY, pixel, 0));
        default(T).StoreOne(p.Output.Element<T>(Grid.IdxY, pixel, 0), Activations.Apply(sum, p.Activation));
    }
}
