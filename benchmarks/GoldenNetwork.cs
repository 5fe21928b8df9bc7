using LungSeg.Engine;
using LungSeg.Engine.Weights;
using LungSeg.Models;

namespace LungSeg.Benchmarks;

/// <summary>One of the nine networks with the synthetic weights of its golden file.</summary>
internal sealed class GoldenNetwork
{
    private readonly Architecture _architecture;

    private GoldenNetwork(Architecture architecture, GoldenFile golden)
    {
        _architecture = architecture;
        Golden = golden;
    }

    public string Key => _architecture.Key;

    public GoldenFile Golden { get; }

    /// <summary>Whether a key is that of one of the nine.</summary>
    public static bool Has(string key) => Architectures.All.Any(architecture => architecture.Key == key);

    /// <summary>Opens the named networks, or all of them, in the table's order.</summary>
    public static IReadOnlyList<GoldenNetwork> Open(IReadOnlyList<string> keys, bool all)
    {
        if (keys.FirstOrDefault(key => !Has(key)) is { } unknown)
            throw new UsageException($"unknown network '{unknown}'; there are {string.Join(", ", Architectures.All.Select(a => a.Key))}");
        string folder = Path.Combine(Repository(), "tests", "data", "golden");
        return [.. Architectures.All
            .Where(architecture => all || keys.Contains(architecture.Key))
            .Select(architecture => new GoldenNetwork(architecture,
                GoldenFile.Read(Path.Combine(folder, $"{architecture.Key}.safetensors"))))];
    }

    public Graph Record(int n, int h, int w) => _architecture.Record(Golden.Weights, n, h, w);

    /// <summary>The root of the repository.</summary>
    public static string Repository()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "LungSeg.sln"))) return folder.FullName;
        throw new UsageException("run the benchmarks from a build inside the repository: they read tests/data/golden");
    }
}
