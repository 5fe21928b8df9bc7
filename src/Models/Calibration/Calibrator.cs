using LungSeg.Engine;
using LungSeg.Engine.Backends;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Passes;
using LungSeg.IO;

namespace LungSeg.Models.Calibration;

/// <summary>
/// Chooses how a network is quantised from images without labels: scales of channels equalised, ranges of values and scales of weights by
/// least squared error, biases corrected.
/// </summary>
internal sealed class Calibrator
{
    private readonly Dictionary<ObservedValue, ValueRange> _ranges = [];
    private readonly Dictionary<string, ChannelStatistics> _statistics = [];
    private readonly Dictionary<string, ChannelStatistics> _rounded = [];
    private readonly IReadOnlyDictionary<Tensor, string> _names;
    private readonly Dictionary<Tensor, Op> _roundedOps = [];

    /// <summary>Observes a folded graph on images.</summary>
    /// <param name="folded">The graph after the standard passes.</param>
    /// <param name="inputs">The network's inputs, one image each.</param>
    /// <param name="backend">Where it runs in float32.</param>
    /// <param name="cancellation">Looked at between images.</param>
    public Calibrator(Graph folded, IReadOnlyList<float[]> inputs, CpuBackend backend, CancellationToken cancellation = default)
    {
        (Graph, EqualisedPairs) = Equalise(folded, inputs, backend, cancellation);
        _names = NodeNames.Of(Graph);
        Dictionary<string, Tensor> nodes = _names.ToDictionary(pair => pair.Value, pair => pair.Key, StringComparer.Ordinal);
        Dictionary<ObservedValue, ValueHistogram> histograms = [];
        Observations.Run(Graph, inputs, backend, (value, shape, values) =>
        {
            if (!histograms.TryGetValue(value, out ValueHistogram? histogram)) histograms[value] = histogram = new ValueHistogram();
            histogram.Add(values);
            if (value.Before) return;
            if (!_statistics.TryGetValue(value.Name, out ChannelStatistics? channels))
                _statistics[value.Name] = channels = new ChannelStatistics(shape.C);
            channels.Add(values);
        }, cancellation);
        (ObservedValue, ValueHistogram)[] all = [.. histograms.Select(pair => (pair.Key, pair.Value))];
        var ranges = new ValueRange[all.Length];
        AllProcessors.For(all.Length, i => ranges[i] = all[i].Item2.BestRange(
            all[i].Item1.Before && nodes[all[i].Item1.Name].Op is ActivatedOp op ? x => IntegerArithmetic.Value(op.Activation, x) : null));
        for (int i = 0; i < all.Length; i++) _ranges[all[i].Item1] = ranges[i];

        QuantizationTable table = Table(new Dictionary<string, string>());
        Observations.Run(Graph, inputs, backend, (value, shape, values) =>
        {
            if (value.Before || !table.Nodes.TryGetValue(value.Name, out NodeQuantization quantization)) return;
            if (!_rounded.TryGetValue(value.Name, out ChannelStatistics? channels))
                _rounded[value.Name] = channels = new ChannelStatistics(shape.C);
            var rounded = new float[values.Length];
            for (int i = 0; i < rounded.Length; i++)
                rounded[i] = (float)quantization.Stored.Real(quantization.Stored.Nearest(values[i]));
            channels.Add(rounded);
        }, cancellation);
    }

    /// <summary>The folded graph with its channels equalised, in float32.</summary>
    public Graph Graph { get; }

    /// <summary>Pairs of convolutions whose channels were equalised.</summary>
    public int EqualisedPairs { get; }

    /// <summary>The nodes that are computed in integers and have weights, in execution order.</summary>
    public IReadOnlyList<string> Convolutions =>
    [
        .. Graph.Nodes.Where(Quantize.ComputedInIntegers(Graph, _ => true).Contains)
            .Where(node => node.Op is Conv2dOp or ConvTranspose2dOp).Select(node => _names[node]),
    ];

    /// <summary>How values are stored if some nodes stay in float32, by name with the reason.</summary>
    public QuantizationTable Table(IReadOnlyDictionary<string, string> computedInFloat) => QuantizationTable.Of(
        Graph, name => _ranges[new ObservedValue(name, false)], name => _ranges[new ObservedValue(name, true)], computedInFloat);

    /// <summary>The graph with integer weights and corrected biases, but for the nodes that a table leaves in float32.</summary>
    public Graph Weights(QuantizationTable table)
    {
        HashSet<Tensor> integer = Quantize.ComputedInIntegers(Graph, node => !table.Float.ContainsKey(_names[node]));
        return Graph.Rewrite((node, inputs) => Tensor.Create(
            integer.Contains(node) ? Rounded(node) : node.Op, inputs, node.Path));
    }

    private Op Rounded(Tensor node)
    {
        if (_roundedOps.TryGetValue(node, out Op? op)) return op;
        return _roundedOps[node] = LayerWeights.Of(node) is { } weights ? Rounded(node, weights) : node.Op;
    }

    private static (Graph Graph, int Pairs) Equalise(
        Graph folded, IReadOnlyList<float[]> inputs, CpuBackend backend, CancellationToken cancellation)
    {
        IReadOnlyList<(Tensor First, Tensor)> pairs = Equalisation.Pairs(folded);
        if (pairs.Count == 0) return (folded, 0);
        IReadOnlyDictionary<Tensor, string> names = NodeNames.Of(folded);
        HashSet<string> wanted = [.. pairs.Select(pair => names[pair.First])];
        var statistics = new Dictionary<string, ChannelStatistics>(StringComparer.Ordinal);
        Observations.Run(folded, inputs, backend, (value, shape, values) =>
        {
            if (value.Before || !wanted.Contains(value.Name)) return;
            if (!statistics.TryGetValue(value.Name, out ChannelStatistics? channels))
                statistics[value.Name] = channels = new ChannelStatistics(shape.C);
            channels.Add(values);
        }, cancellation);
        return (Equalisation.Apply(folded, node => statistics[names[node]].Largest), pairs.Count);
    }

    // What rounding and clipping take from the mean of each output is given back by the bias (bias correction: Nagel et al., 2019). Border
    // pixels are taken for inner ones.
    private Op Rounded(Tensor node, LayerWeights weights)
    {
        string input = _names[node.Inputs[0]];
        double[] meanSquares = _statistics[input].MeanSquare, mean = _statistics[input].Mean;
        double[] roundedMean = _rounded.TryGetValue(input, out ChannelStatistics? rounded) ? rounded.Mean : mean;
        (float[] integers, float[] scales) = WeightRounding.LeastSquares(
            weights.Rows, weights.Taps, output => weights.Of(meanSquares, output));
        // A tap of a transposed convolution sees one of stride² pixels.
        double seen = node.Op is ConvTranspose2dOp transposed ? 1.0 / (transposed.Stride * transposed.Stride) : 1;
        for (int k = 0, at = 0; k < weights.Outputs; at += weights.Rows[k].Length, k++)
        {
            double lost = 0;
            for (int i = 0; i < weights.Rows[k].Length; i++)
            {
                int channel = weights.InputOf(k, i / weights.Taps);
                lost += (weights.Rows[k][i] * mean[channel]) - ((double)integers[at + i] * scales[k] * roundedMean[channel]);
            }
            weights.Bias[k] = (float)(weights.Bias[k] + (lost * seen));
        }
        return weights.WithIntegers(integers, scales);
    }
}
