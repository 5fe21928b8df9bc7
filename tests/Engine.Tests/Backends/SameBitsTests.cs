using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using CsCheck;
using LungSeg.Engine.Backends.Cpu;

namespace LungSeg.Engine.Tests.Backends;

/// <summary>Vectors of any width give the same bits, on processors with fused multiply-add.</summary>
public sealed class SameBitsTests
{
    private static IReadOnlyList<InstructionSet> Sets
    {
        get
        {
            Assert.SkipUnless(Fma.IsSupported || AdvSimd.IsSupported, "this processor has no fused multiply-add");
            Assert.SkipUnless(InstructionSets.Supported.Count > 1, "this processor has one width of vectors");
            return InstructionSets.Supported;
        }
    }

    [Fact]
    public void Networks_give_the_same_bits() => Check(NetCases.Networks, 60);

    [Fact]
    public void Convolutions_give_the_same_bits() => Check(
        Gen.OneOf(
            OpCases.Convolutions, OpCases.DepthwiseConvolutions, OpCases.GroupedConvolutions, OpCases.DilatedConvolutions,
            OpCases.TransposedConvolutions, OpCases.PointwiseChains),
        120);

    [Fact]
    public void Other_operations_give_the_same_bits() => Check(
        Gen.OneOf(
            OpCases.Poolings, OpCases.WindowPoolings, OpCases.Softmaxes, OpCases.HardActivations, OpCases.Upsamplings, OpCases.ElementWise,
            OpCases.Concatenations, OpCases.GroupNorms, OpCases.PositionAttentions),
        120);

    [Theory, InlineData("sigmoid"), InlineData("silu"), InlineData("softmax")]
    public void Functions_give_the_same_bits_over_the_whole_range(string function) => Functions(function, 4099);

    /// <summary>The same for a number of 61 that float32 has.</summary>
    [Theory(Explicit = true), InlineData("sigmoid"), InlineData("silu"), InlineData("softmax")]
    public void Functions_give_the_same_bits_over_most_of_the_range(string function) => Functions(function, 61);

    private static void Functions(string function, uint step)
    {
        const int Pixels = 1 << 16;
        Graph graph = Graph.Record(new Shape(1, 2, 1, Pixels), x => function switch
        {
            "sigmoid" => x.Sigmoid(),
            "silu" => x.SiLU(),
            _ => x.Softmax(2, 1),
        });
        uint next = 0;
        float[] image = new float[2 * Pixels];
        Plan[] plans = [.. Sets.Select(set => new CpuBackend(2, set).Load(graph).Plan(1, 1, Pixels))];
        for (bool more = true; more;)
        {
            for (int i = 0; i < image.Length; i++)
            {
                image[i] = BitConverter.UInt32BitsToSingle(next);
                // What is not a number has bits that are not promised.
                if (!float.IsFinite(image[i])) image[i] = 0;
                more &= next + step > next;
                next += step;
            }
            int[][] bits = [.. plans.Select(plan => Bits(plan, image))];
            for (int set = 1; set < bits.Length; set++)
            {
                for (int i = 0; i < image.Length; i++)
                    Assert.True(bits[0][i] == bits[set][i], $"{function} of {image[i]:r}: {Sets[0]} and {Sets[set]} differ");
            }
        }
        foreach (Plan plan in plans) plan.Dispose();
    }

    private static int[] Bits(Plan plan, float[] image)
    {
        plan.Input.CopyFrom(image);
        plan.Execute();
        return [.. plan.Outputs.SelectMany(output => output.ToArray()).Select(BitConverter.SingleToInt32Bits)];
    }

    private static void Check(Gen<OpCase> cases, int iterations)
    {
        CpuBackend[] backends = [.. Sets.Select((set, i) => new CpuBackend(i + 1, set))];
        cases.Sample(
            test =>
            {
                Shape shape = test.Graph.Input.Shape;
                int[][] bits = [.. backends.Select(backend =>
                {
                    using Model model = backend.Load(test.Graph, test.Options);
                    using Plan plan = model.Plan(shape.N, shape.H, shape.W);
                    return Bits(plan, test.Input(shape));
                })];
                Assert.All(bits[1..], other => Assert.Equal(bits[0], other));
            },
            iter: iterations, threads: 1);
        foreach (CpuBackend backend in backends) backend.Dispose();
    }
}
