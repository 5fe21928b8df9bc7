using LungSeg.IO;
using LungSeg.Models;

namespace LungSeg.Cli.Diagnosis;

/// <summary>Which weights are there, and whether they are what the manifest says.</summary>
internal static class WeightsCheck
{
    private const string Subject = "weights";

    public static IEnumerable<Finding> Find()
    {
        try
        {
            return Find(WeightsFolder.Default);
        }
        catch (LungSegException e)
        {
            return [Finding.Problem(Subject, e.Message, $"mend the manifest, or name another folder by {WeightsFolder.Variable}")];
        }
    }

    private static IEnumerable<Finding> Find(WeightsFolder folder)
    {
        if (!Directory.Exists(folder.Path))
        {
            yield return Finding.Problem(Subject, $"there is no folder '{folder.Path}'", Settings.Value(WeightsFolder.Variable) is null
                ? $"put the folder 'weights' beside the program, or name one by {WeightsFolder.Variable}"
                : $"unset {WeightsFolder.Variable}, or let it name a folder that is there");
            yield break;
        }
        foreach (WeightsEntry entry in folder.Entries)
        {
            yield return folder.FaultOf(entry) is { } fault
                ? Finding.Problem(Subject, $"{entry.File} {fault}", "copy the file anew, or add it again with 'lungseg weights add FILE --force'")
                : Finding.Good(Subject, $"{entry.File} for {entry.Network}, hash and shapes hold: {entry.Source}");
        }
        string[] unlisted = [.. folder.Unlisted];
        if (unlisted.Length > 0)
            yield return Finding.Warning(Subject, $"not in the manifest, not checked: {string.Join(", ", unlisted)}", "add them with 'lungseg weights add FILE'");
        if (folder.TryFind(Architectures.Get(NetworkWeights.DefaultNetwork)) is null)
            yield return Finding.Problem(Subject, $"none for the default network, {NetworkWeights.DefaultNetwork}, in '{folder.Path}'", "always name a network by --network, or add weights for it");
        string[] without = [.. Architectures.All.Where(network => folder.TryFind(network) is null).Select(network => network.Key)];
        if (without.Length > 0)
            yield return Finding.Good(Subject, $"none for {string.Join(", ", without)} (the study's are at doi:10.5281/zenodo.8393555; 'lungseg convert' takes them)");
    }
}
