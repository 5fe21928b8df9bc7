using LungSeg.IO;

namespace LungSeg.Cli.Runs;

/// <summary>Unfinished files that a run that was killed left beside their names.</summary>
internal static class Leftovers
{
    /// <summary>
    /// Deletes those of these images, by their outputs' stems, and of the reports: of a shard its own, as others may be at work in the same
    /// directory; of a run in one piece all.
    /// </summary>
    public static void Remove(string directory, Shard shard, IEnumerable<string> outputStems)
    {
        var everything = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint };
        string[] unfinished = [.. Directory.EnumerateFiles(directory, "*.tmp", everything).Where(path => AtomicFile.IsUnfinished(path))];
        if (unfinished.Length == 0) return;
        HashSet<string> stems = [.. outputStems, RunReports.NameOf(shard), Dataset.NameOf(shard)];
        foreach (string path in unfinished)
        {
            string name = Path.GetRelativePath(directory, path).Replace(Path.DirectorySeparatorChar, '/');
            if (StemsOf(name).Any(stems.Contains)) File.Delete(path);
        }
    }

    // A stem may hold dots and so may what follows it.
    private static IEnumerable<string> StemsOf(string name)
    {
        for (int dot = name.LastIndexOf('.'); dot > 0; dot = name.LastIndexOf('.', dot - 1)) yield return name[..dot];
    }
}
