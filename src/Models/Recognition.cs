using LungSeg.Engine.Weights;

namespace LungSeg.Models;

/// <summary>Tells which network a checkpoint is for, by its keys and dimensions alone.</summary>
internal static class Recognition
{
    private const int Shown = 10;

    public static Architecture Of(StateDict stateDict)
    {
        if (stateDict.Count == 0) throw new WeightException("the checkpoint holds no weights");
        (Architecture nearest, List<string> differences) = Architectures.All
            .Select(architecture => (architecture, Differences(stateDict, architecture)))
            .MinBy(candidate => candidate.Item2.Count);
        if (differences.Count == 0) return nearest;
        string more = differences.Count > Shown ? $" (and {differences.Count - Shown} more)" : "";
        throw new WeightException(
            $"the weights fit none of the nine networks; the nearest is {nearest.Name} ({nearest.Key}, encoder {nearest.Encoder}) "
            + $"with {differences.Count} differences: {string.Join("; ", differences.Take(Shown))}{more}");
    }

    // Another shape comes first: it says most. What the network never reads may be missing.
    private static List<string> Differences(StateDict stateDict, Architecture architecture)
    {
        List<string> misshapen = [], missing = [];
        HashSet<string> known = new(architecture.Layout.Count, StringComparer.Ordinal);
        foreach (LayoutEntry entry in architecture.Layout)
        {
            known.Add(entry.Key);
            if (!stateDict.TryGet(entry.Key, out Parameter? found))
            {
                if (entry.IsRead) missing.Add($"{entry}: missing");
            }
            else if (!found.Dims.SequenceEqual(entry.Dims))
            {
                misshapen.Add($"{entry.Key}: expected [{string.Join(", ", entry.Dims)}], found [{string.Join(", ", found.Dims)}]");
            }
        }
        return [.. misshapen, .. missing, .. stateDict.Where(p => !known.Contains(p.Key)).Select(p => $"{p}: not part of the network")];
    }
}
