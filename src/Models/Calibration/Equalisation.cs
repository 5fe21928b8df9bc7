using LungSeg.Engine;
using LungSeg.Engine.Ops;

namespace LungSeg.Models.Calibration;

/// <summary>
/// Scales the channels between two convolutions so that one range suits all of them: channel c of the first is divided by a factor and the
/// second's weights for it multiplied by the same, which changes nothing in real numbers where the activation between is none or ReLU
/// (cross-layer equalisation: Nagel et al., Data-Free Quantization Through Weight Equalization and Bias Correction, 2019).
/// </summary>
internal static class Equalisation
{
    // What is never large must not become noise.
    private const double MinShare = 1.0 / 64;

    /// <summary>
    /// The pairs of convolutions of which one is depthwise and whose channels can be scaled, in execution order; none whose weights are
    /// another's, too.
    /// </summary>
    public static IReadOnlyList<(Tensor First, Tensor Second)> Pairs(Graph graph)
    {
        Dictionary<string, int> uses = graph.Nodes.SelectMany(node => node.Op.Parameters).CountBy(parameter => parameter.Key)
            .ToDictionary(pair => pair.Key, pair => pair.Value);
        return
        [
            .. graph.Nodes.Where(node => node is { Inputs: [Tensor first], Op: Conv2dOp } && graph.Consumers[first] == 1 && IsLinear(first)
                && (IsDepthwise(first) || IsDepthwise(node)) && IsAlone(first) && IsAlone(node)).Select(node => (node.Inputs[0], node)),
        ];

        bool IsAlone(Tensor node) => node.Op.Parameters.All(parameter => uses[parameter.Key] == 1);
    }

    /// <summary>Equalises all <see cref="Pairs"/>.</summary>
    /// <param name="graph">The folded graph.</param>
    /// <param name="largest">The largest magnitude of each channel of a node's result.</param>
    public static Graph Apply(Graph graph, Func<Tensor, float[]> largest)
    {
        var weights = new Dictionary<Tensor, LayerWeights>();
        foreach ((Tensor first, Tensor second) in Pairs(graph))
        {
            (LayerWeights before, LayerWeights after) = (Get(first), Get(second));
            double[] factors = Factors(largest(first), after);
            for (int c = 0; c < factors.Length; c++) Scale(before, after, c, factors[c]);
        }
        return graph.Rewrite((node, inputs) => Tensor.Create(weights.TryGetValue(node, out LayerWeights? changed)
            ? changed.WithFloats() : node.Op, inputs, node.Path));

        LayerWeights Get(Tensor node) => weights.TryGetValue(node, out LayerWeights? known) ? known
            : weights[node] = LayerWeights.Of(node) ?? throw new InvalidOperationException($"{node} has no weights");
    }

    private static bool IsDepthwise(Tensor node) => node.Op is Conv2dOp op && op.Groups > 1 && op.Groups == op.C && op.Groups == op.K;

    // f(s · x) = s · f(x) for a factor above 0.
    private static bool IsLinear(Tensor node) => node.Op is Conv2dOp { Residual: false, Activation: Activation.None or Activation.ReLU };

    // A depthwise convolution has a scale for each channel, so that its input's ranges can be made equal for nothing. Another one pays
    // with the range of its weights: both get the geometric mean.
    private static double[] Factors(float[] ranges, LayerWeights after)
    {
        double maximum = ranges.Max();
        var factors = new double[ranges.Length];
        Array.Fill(factors, 1);
        if (maximum <= 0) return factors;
        double[] share = [.. ranges.Select(range => Math.Max(range / maximum, MinShare))];
        if (after.IsDepthwise) return share;
        double[] weight = new double[ranges.Length];
        for (int k = 0; k < after.Outputs; k++)
            for (int i = 0; i < after.Rows[k].Length; i++)
            {
                int input = after.InputOf(k, i / after.Taps);
                weight[input] = Math.Max(weight[input], Math.Abs(after.Rows[k][i]));
            }
        double largest = weight.Max();
        for (int c = 0; c < factors.Length && largest > 0; c++)
            factors[c] = Math.Sqrt(share[c] / Math.Max(weight[c] / largest, MinShare));
        return factors;
    }

    private static void Scale(LayerWeights before, LayerWeights after, int channel, double factor)
    {
        for (int i = 0; i < before.Rows[channel].Length; i++) before.Rows[channel][i] = (float)(before.Rows[channel][i] / factor);
        before.Bias[channel] = (float)(before.Bias[channel] / factor);
        for (int k = 0; k < after.Outputs; k++)
        {
            int from = channel - after.InputOf(k, 0);
            if (from < 0 || from >= after.InputsPerGroup) continue;
            for (int tap = 0; tap < after.Taps; tap++)
            {
                int i = (from * after.Taps) + tap;
                after.Rows[k][i] = (float)(after.Rows[k][i] * factor);
            }
        }
    }
}
