using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Backends.Reference;

namespace LungSeg.Engine.Tests.Backends;

/// <summary>The CPU backend, at every instruction set that the machine has.</summary>
public abstract class CpuBackendTests(int threads, InstructionSet instructionSet) : BackendTests
{
    protected override Arithmetic Arithmetic => Arithmetic.Winograd;

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
