using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Backends.Cpu.Int8;
using LungSeg.Engine.Backends.Reference;

namespace LungSeg.Engine.Tests.Backends;

/// <summary>Integer layers: every path of the CPU gives the reference's bytes, whatever the shape and the number of threads.</summary>
public sealed class IntegerTests
{
    private const int Seeds = 4;

    public static TheoryData<string> Operations => [.. OperationCases.Names];

    [Theory]
    [MemberData(nameof(Operations))]
    public void Every_path_gives_the_bytes_of_the_reference(string operation)
    {
        for (int seed = 0; seed < Seeds; seed++) Check(operation, seed);
    }

    [Theory(Explicit = true)]
    [MemberData(nameof(Operations))]
    public void Every_path_gives_the_bytes_of_the_reference_over_many_shapes(string operation)
    {
        for (int seed = Seeds; seed < 40 * Seeds; seed++) Check(operation, seed);
    }

    private static void Check(string operation, int seed)
    {
        var test = IntegerCase.Of(OperationCases.Make(operation, seed));
        foreach (IntegerPath path in IntegerPaths.Of(InstructionSets.Best))
        {
            foreach (int threads in (int[])[1, 3])
            {
                using var backend = new CpuBackend(threads);
                string? fault = test.Fault(backend, new LoadOptions { IntegerPath = path });
                Assert.True(fault is null, $"{test.Description}, {path}, {threads} threads, {fault}");
            }
        }
    }
}
