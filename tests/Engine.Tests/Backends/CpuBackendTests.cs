using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Backends.Reference;

namespace LungSeg.Engine.Tests.Backends;

/// <summary>The CPU backend, at every instruction set that the machine has.</summary>
public abstract class CpuBackendTests(int threads, InstructionSet instructionSet) : BackendTests
{
    private protected override Arithmetic Arithmetic => Arithmetic.Winograd;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Activations_of_great_and_of_infinite_values_match_the_reference(bool isSiLU)
    {
        // SiLU of -infinity is not a number.
        float[] values = [0, 1, -1, 1e-38f, -1e-38f, 20, -20, 86, -86, 87.3f, -87.3f, 89, -89, 127, -127, 1e4f, -1e4f, 1e30f, -1e30f,
            float.MaxValue, -float.MaxValue, float.PositiveInfinity, isSiLU ? 2 : float.NegativeInfinity];
        Graph graph = Graph.Record(new Shape(1, values.Length, 1, 2), x => isSiLU ? x.SiLU() : x.Sigmoid());
        using IBackend backend = Create();
        using var reference = new ReferenceBackend();
        float[] image = [.. values.SelectMany(value => new[] { value, value })];
        float[] expected = Run(reference, graph, image), actual = Run(backend, graph, image);
        for (int i = 0; i < image.Length; i++)
            Assert.True(actual[i] == expected[i] || Math.Abs(actual[i] - expected[i]) < 4e-7 * Math.Max(1, Math.Abs(expected[i])),
                $"of {image[i]}: expected {expected[i]}, found {actual[i]}");
    }

    protected override IBackend Create()
    {
        Assert.SkipUnless(InstructionSets.Supported.Contains(instructionSet), $"this processor has no {instructionSet}");
        return new CpuBackend(threads, instructionSet);
    }
}

public sealed class CpuAvx512Tests() : CpuBackendTests(2, InstructionSet.Avx512);

public sealed class CpuAvx2Tests() : CpuBackendTests(2, InstructionSet.Avx2);

public sealed class CpuVector128Tests() : CpuBackendTests(1, InstructionSet.Vector128);

/// <summary>More threads than there is work for, and than the machine has.</summary>
public sealed class CpuManyThreadsTests() : CpuBackendTests(7, InstructionSets.Best)
{
    protected override int Iterations => 10;
}
