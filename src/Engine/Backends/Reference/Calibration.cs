using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Backends.Reference;

/// <summary>
/// Running statistics for synthetic weights, taken from the network's own maps of one input, so that magnitudes stay those of a trained
/// network through all layers and no checkpoint or golden file is needed.
/// </summary>
internal static class Calibration
{
    /// <summary>Traces a network twice, first to find its statistics, and returns the weights with which they hold.</summary>
    /// <param name="record">Traces the network with the weights it is given.</param>
    /// <param name="salt">The weights' salt.</param>
    /// <param name="input">The graph's input in NCHW order.</param>
    public static SyntheticWeights Calibrate(Func<IWeightSource, Graph> record, string salt, float[] input)
    {
        Graph graph = record(new SyntheticWeights(salt));
        var maps = new Dictionary<Tensor, Map>();
        var statistics = new Dictionary<string, Parameter>(StringComparer.Ordinal);
        foreach (Tensor node in graph.Nodes)
        {
            var map = new Map(node.Shape);
            if (node.Op is InputOp) input.CopyTo(map.Values, 0);
            else
            {
                Kernels.Bind(node.Op is BatchNormOp norm ? Calibrated(node, norm, maps[node.Inputs[0]], statistics) : node)(
                    [.. node.Inputs.Select(x => maps[x])], map);
            }
            maps[node] = map;
        }
        return new SyntheticWeights(salt, new StateDict(statistics.Values));
    }

    private static Tensor Calibrated(Tensor node, BatchNormOp op, Map x, Dictionary<string, Parameter> statistics)
    {
        (string meanKey, string varianceKey) = ($"state/{op.Mean.Key}", $"state/{op.Variance.Key}");
        float variance = (float)MeanSquare(x);
        // A module that runs several times keeps what its first run found.
        statistics.TryAdd(meanKey, new Parameter(meanKey, op.Mean.Dims, () => new float[x.Shape.C]));
        statistics.TryAdd(varianceKey, new Parameter(varianceKey, op.Variance.Dims, () => [.. Enumerable.Repeat(variance, x.Shape.C)]));
        return Tensor.Create(op with { Mean = statistics[meanKey], Variance = statistics[varianceKey] }, node.Inputs, node.Path);
    }

    // One number for all channels: to blow up those that hardly vary would blow up rounding with them.
    private static double MeanSquare(Map x) => x.Values.Sum(value => (double)value * value) / x.Values.Length;
}
