using CsCheck;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Passes;
using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Tests.Backends;

/// <summary>Backends with one mistake each, which the kit must find: a test of the tests.</summary>
public sealed class MutantTests
{
    public static TheoryData<string> Mistakes => [.. Mutants.Keys];

    private static Dictionary<string, (Gen<OpCase> Cases, Func<Op, Op> Mistake)> Mutants { get; } = new()
    {
        ["padding mirrored"] = (OpCases.Convolutions, op => op is Conv2dOp conv
            ? conv with { Padding = new Padding(conv.Padding.Right, conv.Padding.Bottom, conv.Padding.Left, conv.Padding.Top) } : op),
        ["padding transposed"] = (OpCases.Convolutions, op => op is Conv2dOp { R: var r, S: var s } conv && r == s
            && conv.Padding.Left + conv.Padding.Right == conv.Padding.Top + conv.Padding.Bottom
            ? conv with { Padding = new Padding(conv.Padding.Top, conv.Padding.Left, conv.Padding.Bottom, conv.Padding.Right) } : op),
        ["bias forgotten"] = (OpCases.Convolutions, op => op is Conv2dOp conv ? conv with { Bias = null } : op),
        ["activation forgotten"] = (OpCases.Convolutions,
            op => op is ActivatedOp activated ? activated with { Activation = Activation.None } : op),
        ["one weight of the last filter wrong by a thousandth"] = (OpCases.Convolutions, op => op is Conv2dOp conv
            ? conv with { Weight = Nudged(conv.Weight, 1e-3f) } : op),
        ["a depthwise filter's last tap lost"] = (OpCases.DepthwiseConvolutions, op => op is Conv2dOp { Groups: > 1 } conv
            ? conv with { Weight = Nudged(conv.Weight, float.NegativeInfinity) } : op),
        ["groups swapped"] = (OpCases.GroupedConvolutions,
            op => op is Conv2dOp { Groups: > 1 } conv ? conv with { Weight = Reversed(conv.Weight) } : op),
        ["dilation off by one"] = (OpCases.DilatedConvolutions, op => op is Conv2dOp { Dilation: > 1 } conv && conv.Padding.Left >= 1
            ? conv with { Dilation = conv.Dilation - 1, Padding = Shrunk(conv) } : op),
        ["transposed weights not mirrored"] =
            (OpCases.TransposedConvolutions, op => op is ConvTranspose2dOp conv ? conv with { Weight = Reversed(conv.Weight) } : op),
        ["a pooling window one smaller"] = (OpCases.Poolings, op => op is MaxPool2dOp { KernelSize: > 2 } pool
            && 2 * pool.Padding < pool.KernelSize ? pool with { KernelSize = pool.KernelSize - 1 } : op),
        ["corners aligned the other way"] = (OpCases.Upsamplings,
            op => op is UpsampleBilinearOp resize ? resize with { AlignCorners = !resize.AlignCorners } : op),
        ["sum for product"] = (OpCases.ElementWise, op => op is MulOp ? new AddOp() : op),
        ["one group too few"] = (OpCases.GroupNorms, op => op is GroupNormOp { Groups: > 1 } norm ? norm with { Groups = 1 } : op),
        ["eps too small"] = (OpCases.GroupNorms, op => op is GroupNormOp norm ? norm with { Eps = 0 } : op),
        ["batch norm's eps of another framework"] = (NetCases.Networks, op => op is BatchNormOp norm ? norm with { Eps = 1e-5f } : op),
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void A_mistake_is_found(string name)
    {
        (Gen<OpCase> cases, Func<Op, Op> mistake) = Mutants[name];
        AssertFound(cases, graph => graph.Rewrite((node, inputs) =>
        {
            Op op = mistake(node.Op);
            // Only mistakes that leave the shapes alone: others fail anyhow.
            return op.Infer([.. inputs.Select(input => input.Shape)]) == node.Shape
                ? Tensor.Create(op, inputs, node.Path)
                : Tensor.Create(node.Op, inputs, node.Path);
        }));
    }

    [Fact]
    public void Swapped_halves_of_a_concatenation_are_found() =>
        AssertFound(OpCases.Concatenations, graph => graph.Rewrite((node, inputs) =>
        Tensor.Create(node.Op, node.Op is ConcatOp ? [.. inputs.Reverse()] : inputs, node.Path)));

    [Fact]
    public void Swapped_operands_of_an_attention_are_found() =>
        AssertFound(OpCases.PositionAttentions, graph => graph.Rewrite((node, inputs) =>
        Tensor.Create(node.Op, node.Op is PositionAttentionOp ? [inputs[1], inputs[0], inputs[2]] : inputs, node.Path)));

    [Fact]
    public void An_activation_before_the_residual_is_found() => AssertFound(OpCases.Convolutions, graph => graph.Rewrite((node, inputs) =>
        node.Op is Conv2dOp { Residual: true } conv
            ? Tensor.Create(new AddOp(), [Tensor.Create(conv with { Residual = false }, [inputs[0]], node.Path), inputs[1]], node.Path)
            : Tensor.Create(node.Op, inputs, node.Path)));

    [Fact]
    public void A_single_pixel_off_by_a_ten_thousandth_is_found()
    {
        OpCase test = new(
            "conv", Graph.Record(new Shape(1, 20, 9, 9), x => new RandomLayers(5).Conv2d(x, "conv", 3, 3, padding: 1)), 5,
            new LoadOptions());
        using Model model = new FusedReferenceBackend().Load(test.Graph);
        using Plan plan = model.Plan(1, 9, 9);
        using var wrong = new NudgedPlan(plan);
        float[] image = test.Input(test.Graph.Input.Shape);
        BackendCheck.Matches(plan, test, test.Graph.Input.Shape, image, Arithmetic.Float32);
        Assert.Throws<Xunit.Sdk.FailException>(() =>
            BackendCheck.Matches(wrong, test, test.Graph.Input.Shape, image, Arithmetic.Float32));
    }

    private static void AssertFound(Gen<OpCase> cases, Func<Graph, Graph> mutate)
    {
        using var mutant = new FusedReferenceBackend((graph, options) => mutate(StandardPasses.Apply(graph, options)));
        bool found = false;
        cases.Sample(
            test =>
            {
                if (found) return;
                try
                {
                    BackendCheck.Matches(mutant, test, Arithmetic.Float32);
                }
                catch (Xunit.Sdk.XunitException)
                {
                    found = true;
                }
            },
            iter: 500,
            threads: 1);
        Assert.True(found, "no case told the mistake from the reference");
    }

    private static Padding Shrunk(Conv2dOp conv)
    {
        (int h, int w) = (conv.R - 1, conv.S - 1);
        return conv.Padding with
        {
            Left = conv.Padding.Left - (w / 2),
            Right = conv.Padding.Right - (w - (w / 2)),
            Top = conv.Padding.Top - (h / 2),
            Bottom = conv.Padding.Bottom - (h - (h / 2)),
        };
    }

    // The last weight is moved by a part of the largest, or set to zero.
    private static Parameter Nudged(Parameter weight, float part) => new(weight.Key, weight.Dims, () =>
    {
        float[] values = weight.Read();
        values[^1] = float.IsInfinity(part) ? 0 : values[^1] + (part * values.Max(Math.Abs));
        return values;
    });

    private static Parameter Reversed(Parameter weight) => new(weight.Key, weight.Dims, () => [.. weight.Read().Reverse()]);

    /// <summary>A plan whose last pixel is off.</summary>
    private sealed class NudgedPlan(Plan plan) : Plan(plan.Uses)
    {
        public override Buffer Input => plan.Input;

        public override IReadOnlyList<Buffer> Outputs { get; } = [new NudgedBuffer(plan)];

        public override long ArenaBytes => plan.ArenaBytes;

        public override IReadOnlyList<PlanStep> Steps => plan.Steps;

        private protected override void Run(CancellationToken cancellation) => plan.Execute(cancellation);

        private protected override IReadOnlyList<StepSpan> RunProfiled() => plan.Profile();
    }

    private sealed class NudgedBuffer(Plan plan) : Buffer(plan.Output.Shape, plan.Uses)
    {
        internal override void Write(ReadOnlySpan<float> nchw) => plan.Output.CopyFrom(nchw);

        internal override void Read(Span<float> nchw)
        {
            plan.Output.CopyTo(nchw);
            nchw[^1] += 1e-4f;
        }
    }
}
