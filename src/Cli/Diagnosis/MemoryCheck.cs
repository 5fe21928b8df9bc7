using System.Globalization;
using LungSeg.Cli.Benchmarking;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Weights;
using LungSeg.Models;

namespace LungSeg.Cli.Diagnosis;

/// <summary>Whether each network fits into memory: it is loaded with synthetic weights, one after the other, and the process is measured.</summary>
internal static class MemoryCheck
{
    private const string Subject = "memory", MemInfo = "/proc/meminfo";

    /// <summary>A network for which there is less memory than this many copies of its weights is not tried: the system might end the program.</summary>
    private const int CopiesToTry = 6;

    public static IEnumerable<Finding> Find()
    {
        long available = Available();
        yield return Finding.Good(Subject, $"{Units.Memory(available)} free for this process");
        using var backend = new CpuBackend();
        List<string> fit = [], unknown = [];
        // The largest last: what a network leaves behind is counted for the next one.
        foreach (Architecture network in Architectures.All.OrderBy(network => network.ParameterCount))
        {
            if (available < sizeof(float) * CopiesToTry * network.ParameterCount)
                unknown.Add(network.Key);
            else
                fit.Add($"{network.Key} {Units.Memory(Need(backend, network))}");
        }
        if (fit.Count > 0) yield return Finding.Good(Subject, $"networks that fit, with what the process needs at most: {string.Join(", ", fit)}");
        if (unknown.Count > 0)
        {
            yield return Finding.Warning(Subject, $"too little memory to try {string.Join(", ", unknown)}",
                "close other programs, raise the container's limit, or use a smaller network such as pan");
        }
    }

    private static long Need(CpuBackend backend, Architecture network)
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        PeakMemory.Reset();
        using Model model = backend.Load(network.Record(new SyntheticWeights()), new LoadOptions { CompactHeap = true });
        using Plan plan = model.Plan(1, network.InputSize, network.InputSize);
        return PeakMemory.Read() ?? Environment.WorkingSet;
    }

    private static long Available()
    {
        GC.Collect();
        GCMemoryInfo memory = GC.GetGCMemoryInfo();
        return Math.Min(memory.TotalAvailableMemoryBytes - memory.MemoryLoadBytes, FreeOfSystem() ?? long.MaxValue);
    }

    private static long? FreeOfSystem()
    {
        const string Field = "MemAvailable:";
        string? line = File.Exists(MemInfo) ? File.ReadLines(MemInfo).FirstOrDefault(l => l.StartsWith(Field, StringComparison.Ordinal)) : null;
        return line is not null && long.TryParse(line[Field.Length..].Replace("kB", "").Trim(), CultureInfo.InvariantCulture, out long kilobytes)
            ? kilobytes * 1024
            : null;
    }
}
