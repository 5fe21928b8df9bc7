using CsCheck;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Tests.Backends;

/// <summary>
/// What every backend promises, against the reference. One sealed subclass per configuration: an instruction set, a thread
/// count, a device. A subclass skips in <see cref="Create"/> what the machine does not have.
/// </summary>
public abstract class BackendTests
{
    /// <summary>The arithmetic that bounds the distance from the reference.</summary>
    private protected virtual Arithmetic Arithmetic => Arithmetic.Float32;

    /// <summary>Random cases per test.</summary>
    protected virtual int Iterations => 60;

    /// <summary>Whether <see cref="Plan.Execute()"/> leaves the managed heap alone; the reference alone does not.</summary>
    protected virtual bool AllocatesNothing => true;

    protected abstract IBackend Create();

    [Fact]
    public void Convolutions_match_the_reference() => Check(OpCases.Convolutions);

    [Fact]
    public void Depthwise_convolutions_match_the_reference() => Check(OpCases.DepthwiseConvolutions);

    [Fact]
    public void Grouped_convolutions_match_the_reference() => Check(OpCases.GroupedConvolutions);

    [Fact]
    public void Dilated_convolutions_match_the_reference() => Check(OpCases.DilatedConvolutions);

    [Fact]
    public void Transposed_convolutions_match_the_reference() => Check(OpCases.TransposedConvolutions);

    [Fact]
    public void Poolings_match_the_reference() => Check(OpCases.Poolings);

    [Fact]
    public void Averages_of_windows_match_the_reference() => Check(OpCases.WindowPoolings);

    [Fact]
    public void Runs_of_channels_match_the_reference() => Check(OpCases.Slices);

    [Fact]
    public void Softmaxes_match_the_reference() => Check(OpCases.Softmaxes);

    [Fact]
    public void Hard_activations_match_the_reference() => Check(OpCases.HardActivations);

    [Fact]
    public void Upsamplings_match_the_reference() => Check(OpCases.Upsamplings);

    [Fact]
    public void Sums_and_products_match_the_reference() => Check(OpCases.ElementWise);

    [Fact]
    public void Concatenations_match_the_reference() => Check(OpCases.Concatenations);

    [Fact]
    public void Pointwise_chains_match_the_reference() => Check(OpCases.PointwiseChains);

    [Fact]
    public void Group_norms_match_the_reference() => Check(OpCases.GroupNorms);

    [Fact]
    public void Position_attentions_match_the_reference() => Check(OpCases.PositionAttentions);

    [Fact]
    public void Networks_with_taps_match_the_reference() => Check(NetCases.Networks);

    [Fact]
    public void One_model_serves_plans_of_several_sizes_at_once()
    {
        using IBackend backend = Create();
        Sample(NetCases.Networks, Math.Max(1, Iterations / 6), test =>
        {
            using Model model = backend.Load(test.Graph, test.Options);
            Shape traced = test.Graph.Input.Shape, larger = traced with { N = traced.N + 1, H = traced.H + 3, W = (2 * traced.W) + 1 };
            using Plan first = model.Plan(traced.N, traced.H, traced.W), second = model.Plan(larger.N, larger.H, larger.W);
            BackendCheck.Matches(second, test, larger, test.Input(larger), Arithmetic);
            BackendCheck.Matches(first, test, traced, test.Input(traced), Arithmetic);
        });
    }

    [Fact]
    public void A_plan_runs_again_without_a_trace_of_the_last_image()
    {
        using IBackend backend = Create();
        Sample(NetCases.Networks, Math.Max(1, Iterations / 6), test =>
        {
            Shape shape = test.Graph.Input.Shape;
            using Model model = backend.Load(test.Graph, test.Options);
            using Plan plan = model.Plan(shape.N, shape.H, shape.W);
            float[] image = test.Input(shape), other = Array.ConvertAll(image, value => (3 * value) + 1);
            float[][] once = Run(plan, image);
            BackendCheck.Matches(plan, test, shape, other, Arithmetic);
            float[][] again = Run(plan, image);
            Assert.Equal(Bits(once), Bits(again));
        });
    }

    [Fact]
    public void An_image_gives_the_same_bits_alone_and_in_a_batch()
    {
        using IBackend backend = Create();
        Sample(Gen.OneOf(NetCases.Networks, OpCases.Convolutions, OpCases.DepthwiseConvolutions, OpCases.GroupNorms), Iterations / 2,
            test =>
        {
            Shape one = test.Graph.Input.Shape with { N = 1 }, three = one with { N = 3 };
            using Model model = backend.Load(test.Graph, test.Options);
            using Plan alone = model.Plan(1, one.H, one.W), batch = model.Plan(3, one.H, one.W);
            float[] images = test.Input(three);
            float[][] together = Run(batch, images);
            int size = (int)one.Count;
            for (int n = 0; n < 3; n++)
            {
                float[][] single = Run(alone, images[(n * size)..((n + 1) * size)]);
                Assert.Equal(Bits(single), Bits(
                    [.. together.Select(output => output[(n * output.Length / 3)..((n + 1) * output.Length / 3)])]));
            }
        });
    }

    [Fact]
    public void A_profile_is_a_run_that_tells_when_each_step_was_done()
    {
        using IBackend backend = Create();
        Sample(NetCases.Networks, Math.Max(1, Iterations / 6), test =>
        {
            Shape shape = test.Graph.Input.Shape;
            using Model model = backend.Load(test.Graph, test.Options);
            using Plan plan = model.Plan(shape.N, shape.H, shape.W);
            float[][] outputs = Run(plan, test.Input(shape));
            IReadOnlyList<StepSpan> spans = plan.Profile();
            Assert.Equal(Bits(outputs), Bits([.. plan.Outputs.Select(output => output.ToArray())]));
            Assert.Equal(model.Graph.Macs, plan.Steps.Sum(step => step.Macs));
            Assert.Equal(Enumerable.Range(0, plan.Steps.Count), spans.Select(span => span.Step).Distinct());
            Assert.All(spans, span => Assert.True(span.Begin <= span.End));
            // No step begins on any worker before all have ended the one before.
            TimeSpan[] ends = [.. spans.GroupBy(span => span.Step).Select(step => step.Max(span => span.End))];
            Assert.All(spans, span => Assert.True(span.Step == 0 || span.Begin >= ends[span.Step - 1]));
        });
    }

    [Theory]
    [InlineData("relu")]
    [InlineData("silu")]
    [InlineData("sigmoid")]
    [InlineData("max_pool")]
    [InlineData("conv_relu")]
    [InlineData("conv_sigmoid")]
    public void Not_a_number_is_never_turned_into_a_number(string operation)
    {
        using IBackend backend = Create();
        Graph graph = Graph.Record(new Shape(1, 3, 9, 11), x => operation switch
        {
            "relu" => x.ReLU(),
            "silu" => x.SiLU(),
            "sigmoid" => x.Sigmoid(),
            "max_pool" => x.MaxPool2d(3, 2, 1),
            "conv_relu" => new RandomLayers(1).Conv2d(x, "conv", 5, 3, padding: 1).ReLU(),
            _ => new RandomLayers(1).Conv2d(x, "conv", 5, 3, padding: 1).Sigmoid(),
        });
        var image = new float[graph.Input.Shape.Count];
        image[(4 * 11) + 5] = float.NaN;
        float[] expected = Run(new ReferenceBackend(), graph, image), actual = Run(backend, graph, image);
        Assert.Contains(expected, float.IsNaN);
        Assert.All(expected.Index(), pair => Assert.True(!float.IsNaN(pair.Item) || float.IsNaN(actual[pair.Index])));
    }

    [Fact]
    public void An_unknown_operation_is_refused_when_the_network_is_loaded()
    {
        using IBackend backend = Create();
        Graph graph = Graph.Record(new Shape(1, 1, 2, 2), x => x.ApplyAt("decoder.mystery", new UnknownOp()));
        DeviceException error = Assert.Throws<DeviceException>(() => backend.Load(graph).Dispose());
        Assert.Contains("decoder.mystery", error.Message);
        Assert.Contains("unknown_op", error.Message);
    }

    [Fact]
    public void Sizes_that_do_not_fit_are_refused()
    {
        using IBackend backend = Create();
        Graph graph = Graph.Record(new Shape(1, 3, 9, 9), x => new RandomLayers(1).Conv2d(x, "stem", 4, 7));
        using Model model = backend.Load(graph);
        Assert.Throws<ShapeException>(() => model.Plan(0, 9, 9));
        Assert.Throws<ShapeException>(() => model.Plan(1, 9, -1));
        Assert.Contains("stem", Assert.Throws<ShapeException>(() => model.Plan(1, 9, 6)).Message);
        using Plan plan = model.Plan(1, 9, 9);
        Assert.Throws<ShapeException>(() => plan.Input.CopyFrom(new float[(3 * 81) + 1]));
        Assert.Throws<ShapeException>(() => plan.Output.CopyTo(new float[3]));
        Assert.True(plan.ArenaBytes >= 4 * ((3 * 81) + (4 * 9)));
    }

    [Fact]
    public void A_missing_weight_is_named_before_anything_runs()
    {
        using IBackend backend = Create();
        var weights = new StrictWeights(new StateDict([]));
        var stem = new Engine.Nn.Conv2d(new WeightScope(weights)["stem"], 3, 4, 3);
        Graph graph = Graph.Record(new Shape(1, 3, 9, 9), stem.Forward);
        Assert.Contains("stem.weight", Assert.Throws<WeightException>(() =>
        {
            using Model model = backend.Load(graph);
            model.Plan(1, 9, 9).Dispose();
        }).Message);
    }

    [Fact]
    public void Running_a_plan_allocates_nothing()
    {
        if (!AllocatesNothing) return;
        using IBackend backend = Create();
        Graph graph = Graph.Record(new Shape(2, 3, 20, 20), x =>
        {
            var layers = new RandomLayers(1);
            Tensor y = layers.BatchNorm(layers.Conv2d(x, "conv", 19, 3, stride: 2, padding: 1), "norm").SiLU();
            y = layers.Conv2d(y, "depthwise", 19, 5, padding: 2, groups: 19).ReLU().MaxPool2d(2, 2);
            y = y.Mul(layers.Conv2d(y.AdaptiveAvgPool2d(1), "se", 19, 1).Sigmoid());
            return layers.Conv2d(Tensor.Cat(y.UpsampleNearest(2), y.UpsampleBilinear(2, true)), "head", 1, 1).UpsampleBilinear(2, true);
        });
        using Model model = backend.Load(graph);
        using Plan plan = model.Plan(2, 20, 20);
        for (int i = 0; i < 3; i++) plan.Execute();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 5; i++) plan.Execute();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void A_backend_says_what_it_is()
    {
        using IBackend backend = Create();
        Assert.NotEmpty(backend.Description);
    }

    protected static float[] Run(IBackend backend, Graph graph, float[] image)
    {
        using Model model = backend.Load(graph);
        using Plan plan = model.Plan(graph.Input.Shape.N, graph.Input.Shape.H, graph.Input.Shape.W);
        return Run(plan, image)[0];
    }

    private static float[][] Run(Plan plan, float[] image)
    {
        plan.Input.CopyFrom(image);
        plan.Execute();
        return [.. plan.Outputs.Select(output => output.ToArray())];
    }

    private static int[][] Bits(float[][] outputs) =>
        [.. outputs.Select(output => Array.ConvertAll(output, BitConverter.SingleToInt32Bits))];

    private static void Sample(Gen<OpCase> cases, int iterations, Action<OpCase> check) =>
        cases.Sample(check, iter: iterations, threads: 1);

    private void Check(Gen<OpCase> cases)
    {
        using IBackend backend = Create();
        Sample(cases, Iterations, test => BackendCheck.Matches(backend, test, Arithmetic));
    }

    private sealed record UnknownOp : Op
    {
        public override string Name => "unknown_op";

        public override Shape Infer(ReadOnlySpan<Shape> inputs) => inputs[0];
    }
}
