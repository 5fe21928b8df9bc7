using System.Text.RegularExpressions;
using LungSeg.Cli.Inputs;

namespace LungSeg.Cli.Runs;

/// <summary>Unfinished files that a run that was killed left beside their names.</summary>
internal static partial class Leftovers
{
    /// <summary>Deletes those of these pictures: other shards may be at work on others in the same directory.</summary>
    public static void Remove(string directory, IReadOnlyList<Input> inputs)
    {
        var everything = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint };
        string[] unfinished = [.. Directory.EnumerateFiles(directory, "*.tmp", everything).Where(path => Unfinished().IsMatch(path))];
        if (unfinished.Length == 0) return;
        HashSet<string> stems = [.. inputs.Select(input => input.Stem)];
        foreach (string path in unfinished)
        {
            string name = Path.GetRelativePath(directory, path).Replace(Path.DirectorySeparatorChar, '/');
            if (StemsOf(name).Any(stems.Contains)) File.Delete(path);
        }
    }

    /// <summary>What WholeFiles adds to a name while it writes.</summary>
    [GeneratedRegex(@"\.\d+-[0-9a-f]{32}\.tmp$")]
    private static partial Regex Unfinished();

    // A stem may hold dots and so may what follows it.
    private static IEnumerable<string> StemsOf(string name)
    {
        for (int dot = name.LastIndexOf('.'); dot > 0; dot = name.LastIndexOf('.', dot - 1)) yield return name[..dot];
    }
}
