using LungSeg.Engine.Backends.Reference;
using LungSeg.Models;

namespace LungSeg.Cli.SelfTest;

/// <summary>What a self-test runs.</summary>
/// <param name="Networks">Whole networks.</param>
/// <param name="Goldens">The folder of golden files; null for none.</param>
/// <param name="CasesEach">Random cases for each operation.</param>
/// <param name="Seed">Which random cases.</param>
/// <param name="Only">A pattern for the names of the checks to run; null for all.</param>
internal sealed record SelfTestPlan(IReadOnlyList<Architecture> Networks, string? Goldens, int CasesEach, int Seed, string? Only = null)
{
    public IEnumerable<OperationCase> Cases(string operation) =>
        Enumerable.Range(0, CasesEach).Select(i => OperationCases.Make(operation, (Seed * CasesEach) + i));
}
