using ILGPU;
using ILGPU.Algorithms;
using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Normalisation;

/// <summary>
/// Layer normalisation over the channels: the lanes that share a pixel take its channels in turn, and shuffles add their sums up. Padding
/// channels become zeros.
/// </summary>
internal static class ChannelNorm
{
    public static void Run<T>(ChannelNormParameters p) where T : struct, IStorage
    {
        int index = (Grid.IdxX * Group.DimX) + Group.IdxX, pixel = index / p.Lanes, lane = index - (pixel * p.Lanes);
        // All lanes of a warp take part in the shuffles: those beyond the end repeat the last pixel.
        bool exists = pixel < p.Output.Height * p.Output.Width;
        pixel = IntMath.Min(pixel, (p.Output.Height * p.Output.Width) - 1);
        long source = p.Input.Element<T>(Grid.IdxY, pixel, 0);
        float sum = 0, squares = 0;
        for (int c = lane; c < p.Input.Channels; c += p.Lanes) sum += Load<T>(source, c);
        float mean = Reduction.LaneSum(sum, p.Lanes) / p.Input.Channels;
        for (int c = lane; c < p.Input.Channels; c += p.Lanes)
        {
            float deviation = Load<T>(source, c) - mean;
            squares += deviation * deviation;
        }
        float scale = 1f / XMath.Sqrt((Reduction.LaneSum(squares, p.Lanes) / p.Input.Channels) + p.Epsilon);
        for (int c = lane; c < p.Output.Channels & exists; c += p.Lanes)
        {
            float result = 0;
            if (c < p.Input.Channels)
            {
                long offset = c * (long)sizeof(float);
                result = ((Load<T>(source, c) - mean) * (Global.LoadFloat(p.Weight + offset) * scale)) + Global.LoadFloat(p.Bias + offset);
            }
            default(T).StoreOne(p.Output.Element<T>(Grid.IdxY, pixel, c), result);
        }
    }

    private static float Load<T>(long pixel, int channel) where T : struct, IStorage =>
        default(T).LoadOne(pixel + (channel * (long)default(T).Size));
}
