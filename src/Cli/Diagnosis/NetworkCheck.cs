using System.Diagnostics;
using LungSeg.Imaging;
using LungSeg.Imaging.Evaluation;
using LungSeg.IO;
using LungSeg.Models;

namespace LungSeg.Cli.Diagnosis;

/// <summary>
/// Whether the default network finds on this machine what it found when its output was recorded: on the drawn X-ray of 512 x 512
/// pixels, by the reference backend, whose loops are the engine's specification.
/// </summary>
internal static class NetworkCheck
{
    private const string Subject = "self-test", Weights = "c10dc4a62e700a9253a03303d261bd517c0bcb764964e92c20755792ef0222fb";
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
                return [Finding.Warning(Subject, "not run: there are no weights of the default network", "put back the weights that came with the program")];
            return WeightsHash.OfFile(file) == Weights
                ? [Run(file)]
                : [Finding.Warning(Subject, $"not run: {Path.GetFileName(file)} is not the file whose output was recorded", "nothing, if these weights are your own")];
        }
        catch (LungSegException e)
        {
            return [Finding.Problem(Subject, e.Message, "see what is said of weights and memory")];
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
            ? Finding.Good(Subject, $"{segmenter.Network.Name} on {segmenter.Device} finds the drawn lungs as recorded (Dice {Units.Fixed(dice, 3)}), first image in {Units.Milliseconds(time)} ms")
            : Finding.Problem(Subject, $"{segmenter.Network.Name} on {segmenter.Device} differs from the recorded output by {Units.Error(largest)}, {Units.Error(Allowed)} allowed",
                "do not use masks of this machine; report this line, with 'lungseg doctor --json'");
    }
}
