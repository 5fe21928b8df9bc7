using LungSeg.Imaging;
using LungSeg.Imaging.Evaluation;

namespace LungSeg.Cli.Comparison;

/// <summary>How two masks or probability maps agree; maps are cut at a half for everything that is about masks.</summary>
internal sealed record MaskComparison
{
    private const float Half = 0.5f;

    public required string Name { get; init; }

    public required bool Masks { get; init; }

    /// <summary>2·|A∩B| / (|A|+|B|); 1 for two empty masks.</summary>
    public required double Dice { get; init; }

    /// <summary>|A∩B| / |A∪B|; 1 for two empty masks.</summary>
    public required double Iou { get; init; }

    public required double LargestDifference { get; init; }

    public required double MeanDifference { get; init; }

    /// <summary>Pixels that are lung in one and not in the other.</summary>
    public required long DifferingPixels { get; init; }

    public required long Pixels { get; init; }

    public static MaskComparison Of(string name, Comparable a, Comparable b)
    {
        if (a.Width != b.Width || a.Height != b.Height)
            throw new UsageException($"'{name}': {a.Width} x {a.Height} and {b.Width} x {b.Height} pixels cannot be compared");
        var overlap = MaskOverlap.Of(a.Cut(Half), b.Cut(Half));
        double largest = 0, sum = 0;
        for (int i = 0; i < a.Values.Length; i++)
        {
            double difference = Math.Abs((double)a.Values[i] - b.Values[i]);
            if (double.IsNaN(difference)) difference = double.PositiveInfinity;
            largest = Math.Max(largest, difference);
            sum += difference;
        }
        return new MaskComparison
        {
            Name = name,
            Masks = a.IsMask && b.IsMask,
            Dice = overlap.Dice,
            Iou = overlap.Iou,
            LargestDifference = largest,
            MeanDifference = sum / a.Values.Length,
            DifferingPixels = overlap.Differing,
            Pixels = a.Values.Length,
        };
    }

    /// <summary>Where the two differ: white in both, orange in the first alone, blue in the second alone; maps are cut at a half.</summary>
    public static void WriteImage(string path, Comparable a, Comparable b)
    {
        byte[] rgb = new byte[3 * a.Values.Length];
        for (int i = 0; i < a.Values.Length; i++)
        {
            (byte red, byte green, byte blue) = (a.Values[i] > Half, b.Values[i] > Half) switch
            {
                (true, true) => ((byte)255, (byte)255, (byte)255),
                (true, false) => ((byte)230, (byte)159, (byte)0),
                (false, true) => ((byte)0, (byte)114, (byte)178),
                _ => default,
            };
            (rgb[3 * i], rgb[(3 * i) + 1], rgb[(3 * i) + 2]) = (red, green, blue);
        }
        ImageWriter.WritePng(path, a.Width, a.Height, 3, rgb);
    }
}
