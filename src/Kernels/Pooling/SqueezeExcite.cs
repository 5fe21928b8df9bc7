using ILGPU;
using LungSeg.Engine.Ops;
using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Pooling;

/// <summary>
/// Squeeze-and-excitation of one image by one block. Shared memory: the map's mean for each channel, then the hidden layer. A warp
/// makes a hidden channel, a thread an output channel.
/// </summary>
internal static class SqueezeExcite
{
    public const int Threads = 512;

    /// <summary>The widest map and hidden layer.</summary>
    public const int MaxChannels = 4096, MaxHidden = 512;

    public const int SharedBytes = (MaxChannels + MaxHidden) * sizeof(float);

    public static void Run<T>(SqueezeExciteParameters p) where T : struct, IStorage
    {
        int image = Grid.IdxX, padded = IntMath.RoundUp8(p.Output.Channels), hiddenPadded = IntMath.RoundUp8(p.Hidden);
        uint means = Shared.Base(), hidden = means + (MaxChannels * sizeof(float));
        for (int c = Group.IdxX * 4; c < padded; c += Threads * 4)
        {
            Float4 sum = Float4.Splat(0);
            for (int part = 0; part < p.Parts; part++)
                sum = sum.Plus(Global.LoadFloat4(p.Partial + ((((((long)part * p.Batch) + image) * p.PartialStride) + c) * sizeof(float))));
            Shared.Store(means + (uint)(c * sizeof(float)), sum.Times(Float4.Splat(p.Scale)));
        }
        Group.Barrier();

        for (int h = Group.IdxX / Warp.WarpSize; h < hiddenPadded; h += Threads / Warp.WarpSize)
        {
            Float8 sums = Float8.Splat(0);
            for (int c = Warp.LaneIdx * 8; c < padded & h < p.Hidden; c += Warp.WarpSize * 8)
                sums = sums.PlusProduct(LoadShared(means + (uint)(c * sizeof(float))),
                    default(T).Load(p.ReduceWeights + (((h * (long)padded) + c) * default(T).Size)));
            float sum = Reduction.WarpSum(sums.Sum());
            if (Warp.LaneIdx == 0)
            {
                float value = h < p.Hidden ? Activations.Apply(sum + Global.LoadFloat(p.ReduceBias + (h * (long)sizeof(float))),
                    p.Activation) : 0;
                Shared.Store(hidden + (uint)(h * sizeof(float)), value);
            }
        }
        Group.Barrier();

        for (int c = Group.IdxX; c < padded; c += Threads)
        {
            float gate = 0;
            if (c < p.Output.Channels)
            {
                Float8 sums = Float8.Splat(0);
                for (int h = 0; h < hiddenPadded; h += 8)
                    sums = sums.PlusProduct(LoadShared(hidden + (uint)(h * sizeof(float))),
                        default(T).Load(p.ExpandWeights + (((c * (long)hiddenPadded) + h) * default(T).Size)));
                gate = Activations.Apply(sums.Sum() + Global.LoadFloat(p.ExpandBias + (c * (long)sizeof(float))), Activation.Sigmoid);
            }
            default(T).StoreOne(p.Output.Element<T>(image, 0, c), gate);
        }
    }

    private static Float8 LoadShared(uint address)
    {
        Float8 result;
        result.Low = Shared.LoadFloat4(address);
        result.High = Shared.LoadFloat4(address + 16);
        return result;
    }
}
