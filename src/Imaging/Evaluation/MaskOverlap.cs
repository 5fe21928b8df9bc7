namespace LungSeg.Imaging.Evaluation;

/// <summary>
/// How a predicted mask covers a reference mask, in pixels. Two empty masks agree fully, so every share is 1 for them; a share
/// that would divide nothing by nothing otherwise is 0.
/// </summary>
/// <param name="Both">Pixels that are lung in both.</param>
/// <param name="ReferenceOnly">Lung that the prediction misses.</param>
/// <param name="PredictionOnly">Lung that the reference does not have.</param>
public readonly record struct MaskOverlap(long Both, long ReferenceOnly, long PredictionOnly)
{
    /// <summary>2·|R∩P| / (|R| + |P|), as the study computes it for each image.</summary>
    public double Dice => Share(2 * Both, (2 * Both) + Differing);

    /// <summary>|R∩P| / |R∪P| (Jaccard).</summary>
    public double Iou => Share(Both, Both + Differing);

    /// <summary>|R∩P| / |P|: how much of what was predicted is right.</summary>
    public double Precision => Share(Both, Both + PredictionOnly);

    /// <summary>|R∩P| / |R|: how much of the reference was found (sensitivity).</summary>
    public double Recall => Share(Both, Both + ReferenceOnly);

    /// <summary>Pixels that are lung in one mask alone.</summary>
    public long Differing => ReferenceOnly + PredictionOnly;

    /// <summary>Counts two masks of one size.</summary>
    /// <exception cref="ImageException">The masks differ in size.</exception>
    public static MaskOverlap Of(LungMask reference, LungMask prediction)
    {
        CheckSizes(reference, prediction);
        ReadOnlySpan<byte> r = reference.Pixels, p = prediction.Pixels;
        long both = 0, inReference = 0, inPrediction = 0;
        for (int i = 0; i < r.Length; i++)
        {
            both += r[i] & p[i];
            inReference += r[i];
            inPrediction += p[i];
        }
        return new MaskOverlap(both, inReference - both, inPrediction - both);
    }

    internal static void CheckSizes(LungMask reference, LungMask prediction)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(prediction);
        if (reference.Width != prediction.Width || reference.Height != prediction.Height)
            throw new ImageException(
                $"masks of one size expected, {reference.Width} x {reference.Height} and {prediction.Width} x {prediction.Height} found; "
                    + "resize one first");
    }

    private double Share(long part, long whole) => whole > 0 ? (double)part / whole : Both + Differing == 0 ? 1 : 0;
}
