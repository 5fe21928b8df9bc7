using System.Diagnostics;
using LungSeg.Cli.SelfTest;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Imaging;
using LungSeg.Imaging.Evaluation;
using LungSeg.IO;
using LungSeg.Models;

namespace LungSeg.Cli.Diagnosis;

/// <summary>Checks the weights against the manifest.</summary>
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
            return [Finding.Problem(Subject, e.Message, $"correct the manifest, or set {WeightsFolder.Variable} to another folder")];
        }
    }

    private static IEnumerable<Finding> Find(WeightsFolder folder)
    {
        if (folder.Entries.Count == 0 && !Directory.Exists(folder.Path))
        {
            string advice = Settings.Value(WeightsFolder.Variable) is null
                ? $"put the folder 'weights' beside the program, or set {WeightsFolder.Variable} to one"
                : $"unset {WeightsFolder.Variable}, or set it to an existing folder";
            yield return Finding.Problem(Subject, $"the folder '{folder.Path}' does not exist", advice);
            yield break;
        }
        foreach (WeightsEntry entry in folder.Entries)
        {
            yield return folder.FaultOf(entry) is { } fault
                ? Finding.Problem(Subject, $"{entry.File} {fault}", "copy it again, or add it with 'lungseg weights add FILE --force'")
                : Finding.Good(Subject, $"{entry.File} for {entry.Network}, hash and shapes match: {entry.Source}");
        }
        string[] unlisted = [.. folder.Unlisted];
        if (unlisted.Length > 0)
        {
            yield return Finding.Warning(Subject, $"not in the manifest, not checked: {string.Join(", ", unlisted)}",
                "add them with 'lungseg weights add FILE'");
        }
        if (folder.TryFind(Architectures.Get(NetworkWeights.DefaultNetwork)) is null)
        {
            yield return Finding.Problem(Subject, $"none for the default network, {NetworkWeights.DefaultNetwork}, in '{folder.Path}'",
                "add weights for it, or always choose another network with --network");
        }
        string[] without = [.. Architectures.All.Where(network => folder.TryFind(network) is null).Select(network => network.Key)];
        if (without.Length > 0)
        {
            yield return Finding.None(Subject, $"no files for {string.Join(", ", without)} "
                + "(the study's are at doi:10.5281/zenodo.8393555; 'lungseg convert' converts them)");
        }
    }
}

/// <summary>Compares a few small cases of every operation on this processor with the reference.</summary>
internal static class OperationsCheck
{
    private const int CasesEach = 2;

    public static IEnumerable<Finding> Find()
    {
        var plan = new SelfTestPlan([], null, CasesEach, 0);
        using var backend = new CpuBackend();
        OperationResult[] results =
            [.. OperationCases.Names.Select(name => OperationCheck.Run(name, plan.Cases(name), backend, Arithmetic.Winograd))];
        OperationResult[] wrong = [.. results.Where(result => result.Fault is not null)];
        if (wrong.Length > 0)
        {
            return [.. wrong.Select(result => Finding.Problem("self-test", $"{result.Name} on {backend.Description}: {result.Fault}",
                "do not use masks of this machine; report this line and the output of 'lungseg selftest'"))];
        }
        int cases = results.Sum(result => result.Cases);
        string text = $"{results.Length} operations on {backend.Description} agree with the reference in {cases} cases";
        return [Finding.Good("self-test", text)];
    }
}

/// <summary>
/// Compares the default network's output on this machine with a recorded one: for the drawn X-ray of 512 x 512 pixels, by the reference
/// backend.
/// </summary>
internal static class DefaultNetworkCheck
{
    private const string Subject = "self-test";

    /// <summary>SHA-256 of the weights file whose output was recorded.</summary>
    private const string Weights = "c10dc4a62e700a9253a03303d261bd517c0bcb764964e92c20755792ef0222fb";

    private const int Side = 512, Blocks = 8, Seed = 1;
    private const double Allowed = 1e-3;

    /// <summary>The mean probability of each of 8 x 8 blocks, rows from top to bottom, in units of 1e-4.</summary>
    private static readonly int[] Recorded =
    [
        0, 0, 1388, 341, 280, 1354, 0, 0,
        0, 2119, 9831, 4565, 4202, 9838, 2115, 0,
        0, 5819, 9999, 4417, 4404, 10000, 5800, 0,
        0, 7367, 10000, 4707, 3685, 10000, 7319, 0,
        0, 8566, 10000, 3923, 3487, 10000, 8543, 0,
        271, 9834, 9997, 3537, 2543, 10000, 9834, 209,
        1337, 5695, 2265, 1200, 1005, 4502, 7599, 1161,
        191, 17, 5, 1, 0, 1, 305, 594,
    ];

    public static IEnumerable<Finding> Find()
    {
        try
        {
            if (WeightsFolder.Default.TryFind(Architectures.Get(NetworkWeights.DefaultNetwork)) is not { } file)
            {
                return [Finding.Warning(Subject, "not run: there are no weights for the default network",
                    "restore the weights that came with the program")];
            }
            return WeightsHash.OfFile(file) == Weights
                ? [Run(file)]
                : [Finding.Warning(Subject, $"not run: {Path.GetFileName(file)} is not the file whose output was recorded",
                    "ignore this if the weights are your own")];
        }
        catch (LungSegException e)
        {
            return [Finding.Problem(Subject, e.Message, "see the lines about weights and memory")];
        }
    }

    private static double[] Means(ProbabilityMap map)
    {
        double[] means = new double[Blocks * Blocks];
        for (int i = 0; i < map.Values.Length; i++)
            means[(i / map.Width * Blocks / map.Height * Blocks) + (i % map.Width * Blocks / map.Width)] += map.Values[i];
        return Array.ConvertAll(means, sum => sum * Blocks * Blocks / map.Values.Length);
    }

    private static Finding Run(string file)
    {
        (Radiograph image, LungMask lungs) = SyntheticRadiograph.Draw(Side, Side, Seed);
        using LungSegmenter segmenter = LungSegmenter.Load(new LungSegmenterOptions { WeightsFile = file });
        long start = Stopwatch.GetTimestamp();
        LungSegmentation result = segmenter.Segment(image);
        TimeSpan time = Stopwatch.GetElapsedTime(start);
        double[] means = Means(result.Probabilities);
        double largest = means.Zip(Recorded, (mean, recorded) => Math.Abs(mean - (recorded * 1e-4))).Max();
        double dice = MaskOverlap.Of(lungs, result.Mask).Dice;
        return largest <= Allowed
            ? Finding.Good(Subject, $"{segmenter.Network.Name} on {segmenter.Device} reproduces the recorded output "
                + $"(Dice {Units.Fixed(dice, 3)}), first image in {Units.Milliseconds(time)} ms")
            : Finding.Problem(Subject, $"{segmenter.Network.Name} on {segmenter.Device} differs from the recorded output by "
                + $"{Units.Error(largest)}, {Units.Error(Allowed)} allowed",
                "do not use masks of this machine; report this line and the output of 'lungseg doctor --json'");
    }
}
