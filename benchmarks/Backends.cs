using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Backends.Reference;

namespace LungSeg.Benchmarks;

/// <summary>Our backends by name, made for a number of threads.</summary>
internal static class Backends
{
    /// <summary>What is measured unless another is asked for: the processor's best instruction set.</summary>
    public const string Standard = "cpu";

    private static readonly Dictionary<string, Func<int, IBackend>> ByName = new(StringComparer.Ordinal)
    {
        [Standard] = threads => new CpuBackend(threads),
        ["avx512"] = threads => new CpuBackend(threads, InstructionSet.Avx512),
        ["avx2"] = threads => new CpuBackend(threads, InstructionSet.Avx2),
        ["vector128"] = threads => new CpuBackend(threads, InstructionSet.Vector128),
        ["reference"] = _ => new ReferenceBackend(),
    };

    public static IBackend Open(string name, int threads) => ByName.TryGetValue(name, out Func<int, IBackend>? open)
        ? open(threads)
        : throw new UsageException($"unknown backend '{name}'; there are {string.Join(", ", ByName.Keys)}");
}
