using LungSeg.Cli.SelfTest;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Backends.Reference;

namespace LungSeg.Cli.Diagnosis;

/// <summary>Whether every operation's kernels compute rightly on this processor: a few small cases each, against the reference.</summary>
internal static class OperationsCheck
{
    private const int CasesEach = 2;

    public static IEnumerable<Finding> Find()
    {
        var plan = new SelfTestPlan([], null, CasesEach, 0);
        using var backend = new CpuBackend();
        OperationResult[] results = [.. OperationCases.Names.Select(name => OperationCheck.Run(name, plan.Cases(name), backend, Arithmetic.Winograd))];
        OperationResult[] wrong = [.. results.Where(result => result.Fault is not null)];
        return wrong.Length == 0
            ? [Finding.Good("self-test", $"{results.Length} operations on {backend.Description} agree with the reference in {results.Sum(result => result.Cases)} cases")]
            : [.. wrong.Select(result => Finding.Problem("self-test", $"{result.Name} on {backend.Description}: {result.Fault}", "do not use masks of this machine; report this line, with what 'lungseg selftest' says"))];
    }
}
