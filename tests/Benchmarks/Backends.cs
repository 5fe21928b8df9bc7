using LungSeg.Engine;
using LungSeg.Engine.Backends.Reference;

namespace LungSeg.Benchmarks;

/// <summary>Our backends by name, made for a number of threads.</summary>
internal static class Backends
{
    private static readonly Dictionary<string, Func<int, IBackend>> ByName = new(StringComparer.Ordinal)
    {
        ["reference"] = _ => new ReferenceBackend(),
    };

    public const string Standard = "reference";

    public static IBackend Open(string name, int threads) => ByName.TryGetValue(name, out Func<int, IBackend>? open)
        ? open(threads)
        : throw new UsageException($"unknown backend '{name}'; there are {string.Join(", ", ByName.Keys)}");
}
