using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda.Convolution;

/// <summary>
/// Chooses a tiled convolution's kernel. What changes the order of its sums (the family, merged groups, splits of the reduction) is
/// chosen for one image, so that an image's bits do not depend on its batch; the tile, which changes none, for the batch.
/// </summary>
internal static class TileSelection
{
    private const int MinStepsOfSplit = 4, WidestMerged = 64;
    private const double Never = 1e15;
    private static readonly int[] SplitCandidates = [1, 2, 3, 4, 6, 8, 12, 16];

    /// <summary>The best choice; null where no kernel takes these channels and groups.</summary>
    public static TileChoice? Choose(
        PrecisionKernels kernels, int groups, int channels, int filters, Window window, TileProblem problem, int batch, bool gate)
    {
        TileChoice? best = null;
        double minimum = double.PositiveInfinity;
        // A kernel with a gate always reads one.
        KernelInfo[] candidates = [.. kernels.Candidates.Where(kernel => kernel.Gate == gate)];
        foreach (TileWeights weights in Merged(groups, channels, filters, window))
        {
            foreach (KernelInfo kernel in candidates)
            {
                foreach (int asked in kernels.Splits is { } splits ? [splits] : SplitCandidates)
                {
                    var choice = new TileChoice(kernel, weights, problem, asked);
                    if (asked > 1 && kernels.Splits is null && choice.Steps < asked * MinStepsOfSplit) break;
                    Consider(choice with { Splits = Whole(choice.Steps, asked) }, 1);
                }
            }
        }
        if (best is not { } single || batch == 1) return best;

        minimum = double.PositiveInfinity;
        foreach (KernelInfo kernel in candidates.Where(kernel => SameSums(kernel, single.Kernel)))
            Consider(single with { Kernel = kernel }, batch);
        return best;

        void Consider(TileChoice choice, int images)
        {
            double time = CostModel.Microseconds(choice, images, kernels);
            // What no GPU can launch is a last resort, to be refused by name.
            if (!choice.Grid(images).IsLaunchable) time += Never;
            if (time < minimum) (best, minimum) = (choice, time);
        }
    }

    // Of splits with as many steps each, the last of them partly filled, there may be fewer than asked.
    private static int Whole(int steps, int splits)
    {
        int each = (steps + splits - 1) / splits;
        return (steps + each - 1) / each;
    }

    // With equal steps, splits cut the reduction at the same places.
    private static bool SameSums(KernelInfo a, KernelInfo b) => a.Family == b.Family && a.TileK == b.TileK;

    // Kernels read whole vectors: several groups must each fill them, alone or side by side. One group alone is padded.
    private static IEnumerable<TileWeights> Merged(int groups, int channels, int filters, Window window)
    {
        if (groups == 1)
        {
            yield return new TileWeights(1, CudaMap.Padded(channels), filters, window.R, window.S);
            yield break;
        }
        int width = channels / groups, each = filters / groups;
        for (int merge = 1; merge <= groups; merge++)
        {
            if (groups % merge != 0 || width * merge % CudaMap.Lanes != 0 || each * merge % CudaMap.Lanes != 0) continue;
            if (merge > 1 && width * merge > WidestMerged) yield break;
            yield return new TileWeights(groups / merge, width * merge, each * merge, window.R, window.S);
        }
    }
}
