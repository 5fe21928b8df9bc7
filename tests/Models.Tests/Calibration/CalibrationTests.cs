using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Passes;
using LungSeg.Engine.Weights;
using LungSeg.Models.Calibration;

namespace LungSeg.Models.Tests.Calibration;

/// <summary>How ranges, scales and biases are chosen.</summary>
public sealed class CalibrationTests
{
    private const int Side = 20;

    [Fact]
    public void A_rare_outlier_is_clipped_and_even_values_are_not()
    {
        var random = new Random(1);
        float[] bell = [.. Enumerable.Range(0, 200_000).Select(_ => Normal(random))];
        ValueRange rare = Best([.. bell, 40f]);
        Assert.InRange(rare.High, 20, 35);
        Assert.InRange(rare.Low, -6, -2.5);
        ValueRange even = Best([.. Enumerable.Range(0, 200_000).Select(_ => random.NextSingle())]);
        Assert.InRange(even.High, 0.95, 1.01);
        Assert.Equal(0, even.Low);
    }

    [Fact]
    public void The_best_range_has_a_smaller_error_than_the_extremes()
    {
        var random = new Random(2);
        float[] values = [.. Enumerable.Range(0, 100_000).Select(_ => MathF.Max(Normal(random) * MathF.Exp(Normal(random)), 0))];
        double found = Error(values, Best(values)), extreme = Error(values, new ValueRange(0, values.Max()));
        Assert.True(found < extreme, $"{found} and {extreme}");
    }

    // What a function leaves of the value is what counts: SiLU of very negative values is nothing.
    [Fact]
    public void Values_that_the_activation_swallows_do_not_widen_the_range()
    {
        float[] values = [.. Enumerable.Range(0, 100_000).Select(i => -60 + (62f * i / 100_000))];
        var histogram = new ValueHistogram();
        histogram.Add(values);
        Assert.True(histogram.BestRange().Low < -55);
        Assert.True(histogram.BestRange(x => x / (1 + Math.Exp(-x))).Low > -20);
    }

    [Fact]
    public void A_histogram_grows_without_losing_values()
    {
        var inOne = new ValueHistogram();
        inOne.Add([1e-4f, 0.5f, 90, -90]);
        var inParts = new ValueHistogram();
        foreach (float value in (float[])[1e-4f, 0.5f, 90, -90]) inParts.Add([value]);
        Assert.Equal(inOne.BestRange(), inParts.BestRange());
        Assert.Throws<WeightException>(() => inOne.Add([float.NaN, 1]));
        Assert.Throws<WeightException>(() => inOne.Add([float.PositiveInfinity]));
    }

    [Fact]
    public void Weights_have_the_scale_of_the_least_error()
    {
        var random = new Random(3);
        float[] row = [.. Enumerable.Range(0, 500).Select(_ => Normal(random)), 9f];
        (float[] integers, float[] scales) = WeightRounding.LeastSquares([row], 1, _ => [.. Enumerable.Repeat(1.0, row.Length)]);
        Assert.All(integers, value => Assert.InRange(value, -Quantization.WeightLimit, Quantization.WeightLimit));
        Assert.All(integers, value => Assert.Equal(MathF.Round(value), value));
        double found = SquaredError(row, scales[0]), extreme = SquaredError(row, 9f / Quantization.WeightLimit);
        Assert.True(found < extreme, $"{found} and {extreme}");
        // Where the largest weight's input is what counts, it is not clipped.
        (_, float[] important) = WeightRounding.LeastSquares([row], 1, _ => [.. Enumerable.Repeat(1e-9, row.Length - 1), 1.0]);
        Assert.Equal(9, important[0] * Math.Round(9 / important[0]), 2);
    }

    // A depthwise convolution between two others, with ReLU: both pairs are scaled. With SiLU nothing is.
    [Fact]
    public void Equalising_changes_ranges_and_not_the_network()
    {
        Graph graph = Separable(Activation.ReLU);
        using var backend = new ReferenceBackend();
        float[] input = Input(1);
        Tensor[] firsts = [.. Equalisation.Pairs(graph).Select(pair => pair.First)];
        Assert.Equal(2, firsts.Length);
        Assert.Empty(Equalisation.Pairs(Separable(Activation.SiLU)));
        Dictionary<Tensor, float[]> ranges = firsts.ToDictionary(node => node, node => Ranges(backend, graph, node, input));
        Graph equalised = Equalisation.Apply(graph, node => ranges[node]);
        Close(Run(backend, graph, input), Run(backend, equalised, input), 1e-4);
        Tensor scaled = equalised.Nodes[graph.Nodes.ToList().IndexOf(firsts[0])];
        float[] before = ranges[firsts[0]], after = Ranges(backend, equalised, scaled, input);
        Assert.True(Spread(after) < 1.01, $"{Spread(before)} to {Spread(after)}");
        Assert.True(Spread(before) > 2);
    }

    // The mean of each output channel is as in float32, where clipping and rounding would have moved it.
    [Fact]
    public void Biases_give_back_what_rounding_takes()
    {
        using var backend = new CpuBackend(1);
        Graph graph = StandardPasses.Apply(Separable(Activation.ReLU), new LoadOptions());
        float[][] inputs = [.. Enumerable.Range(0, 4).Select(Input)];
        var calibrator = new Calibrator(graph, inputs, backend);
        QuantizationTable table = calibrator.Table(new Dictionary<string, string>());
        Graph weights = calibrator.Weights(table);
        Conv2dOp[] integers = [.. weights.Nodes.Select(node => node.Op).OfType<Conv2dOp>()];
        Assert.All(integers, op => Assert.NotNull(op.WeightScale));
        // The last: a 1x1 convolution, whose output's mean follows from its input's.
        Tensor last = calibrator.Graph.Nodes.Last(node => node.Op is Conv2dOp);
        using var reference = new ReferenceBackend();
        var exact = (Conv2dOp)last.Op;
        double[] mean = Means(reference, calibrator.Graph, last.Inputs[0], inputs, null);
        Quantization stored = table.Nodes[NodeNames.Of(calibrator.Graph)[last.Inputs[0]]].Stored;
        double[] rounded = Means(reference, calibrator.Graph, last.Inputs[0], inputs, stored);
        Conv2dOp made = integers[^1];
        float[] w = exact.Weight.Read(), q = made.Weight.Read(), scale = made.WeightScale!.Read();
        float[] bias = exact.Bias!.Read(), corrected = made.Bias!.Read();
        for (int k = 0; k < exact.K; k++)
        {
            double wanted = bias[k], got = corrected[k], without = bias[k];
            for (int c = 0; c < exact.C; c++)
            {
                wanted += w[(k * exact.C) + c] * mean[c];
                got += q[(k * exact.C) + c] * scale[k] * rounded[c];
                without += q[(k * exact.C) + c] * scale[k] * rounded[c];
            }
            Assert.Equal(wanted, got, 4);
            Assert.NotEqual(wanted, without, 6);
        }
    }

    private static Graph Separable(Activation activation)
    {
        var layers = new RandomLayers(7);
        return StandardPasses.Apply(Graph.Record(new Shape(1, 3, Side, Side), x =>
        {
            Tensor y = RandomLayers.Activate(layers.BatchNorm(layers.Conv2d(x, "first", 12, 1), "norm"), activation, "a");
            y = RandomLayers.Activate(layers.Conv2d(y, "depthwise", 12, 3, padding: 1, groups: 12), activation, "b");
            return RandomLayers.Activate(layers.Conv2d(y, "last", 5, 1), Activation.Sigmoid, "c");
        }), new LoadOptions());
    }

    private static float[] Input(int seed) => RandomLayers.Values(seed, "input", 3 * Side * Side, -1, 1);

    private static float[] Run(IBackend backend, Graph graph, float[] input)
    {
        using Model model = backend.Load(graph);
        using Plan plan = model.Plan(1, Side, Side);
        plan.Input.CopyFrom(input);
        plan.Execute();
        return plan.Output.ToArray();
    }

    private static float[] Ranges(IBackend backend, Graph graph, Tensor node, float[] input)
    {
        float[] values = Run(backend, graph.WithOutputs(_ => [node]), input);
        return [.. values.Chunk(Side * Side).Select(channel => channel.Max(Math.Abs))];
    }

    private static double[] Means(IBackend backend, Graph graph, Tensor node, float[][] inputs, Quantization? rounding)
    {
        float[][] all = [.. inputs.Select(input => Run(backend, graph.WithOutputs(_ => [node]), input))];
        return [.. Enumerable.Range(0, node.Shape.C).Select(c => all.SelectMany(values => values.Skip(c * Side * Side).Take(Side * Side))
            .Average(value => rounding is { } q ? q.Real(q.Nearest(value)) : value))];
    }

    private static double Spread(float[] ranges) => ranges.Max() / ranges.Where(range => range > 0).Min();

    private static void Close(float[] expected, float[] actual, double bound)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], bound);
    }

    private static ValueRange Best(float[] values)
    {
        var histogram = new ValueHistogram();
        histogram.Add(values);
        return histogram.BestRange();
    }

    private static double Error(float[] values, ValueRange range)
    {
        Quantization quantization = Quantization.Of(range);
        return values.Sum(value => Math.Pow(value - quantization.Real(quantization.Nearest(value)), 2));
    }

    private static double SquaredError(float[] row, float scale) => row.Sum(weight => Math.Pow(
        weight - (scale * Math.Clamp(Math.Round(weight / scale), -Quantization.WeightLimit, Quantization.WeightLimit)), 2));

    private static float Normal(Random random)
    {
        double sum = 0;
        for (int i = 0; i < 12; i++) sum += random.NextDouble();
        return (float)(sum - 6);
    }
}
