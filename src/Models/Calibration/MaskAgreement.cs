using LungSeg.Imaging;
using LungSeg.Imaging.Evaluation;

namespace LungSeg.Models.Calibration;

/// <summary>What quantisation does to the mask of one image.</summary>
/// <param name="Name">The image.</param>
/// <param name="Agreement">The Dice coefficient of the two masks.</param>
/// <param name="Dice">The float32 mask's Dice against the reference, and the int8 mask's; null where there is no reference.</param>
internal readonly record struct ImageAgreement(string Name, double Agreement, (double Float, double Int8)? Dice)
{
    /// <summary>Compares the two masks of an image with each other and with its reference, if there is one.</summary>
    public static ImageAgreement Of(string name, LungMask? reference, LungMask inFloat, LungMask inInt8) => new(
        name, MaskOverlap.Of(inFloat, inInt8).Dice,
        reference is null ? null : (MaskOverlap.Of(reference, inFloat).Dice, MaskOverlap.Of(reference, inInt8).Dice));
}

/// <summary>How masks of a quantised network agree with those of the same network in float32.</summary>
internal sealed record MaskAgreement(IReadOnlyList<ImageAgreement> Images)
{
    /// <summary>
    /// The least mean agreement, and the most that the mean Dice and an image's Dice may change, of a network that is written.
    /// </summary>
    public const double MinMean = 0.995, MaxMeanChange = 0.001, MaxChange = 0.005;

    /// <summary>The mean of the Dice coefficients of both masks.</summary>
    public double Mean => Images.Average(image => image.Agreement);

    /// <summary>The least of them.</summary>
    public double Least => Images.Min(image => image.Agreement);

    /// <summary>Mean Dice against references, in float32 and in int8; null where there are none.</summary>
    public (double Float, double Int8)? Dice => Labelled is { Length: > 0 } labelled
        ? (labelled.Average(dice => dice.Float), labelled.Average(dice => dice.Int8)) : null;

    /// <summary>The largest change of an image's Dice; 0 without references.</summary>
    public double LargestChange => Labelled.Select(dice => Math.Abs(dice.Float - dice.Int8)).DefaultIfEmpty().Max();

    /// <summary>What is not as good as it must be; null where nothing is.</summary>
    public string? Fault =>
        Mean < MinMean ? FormattableString.Invariant($"masks agree {Mean:F4} in the mean, {MinMean} is the least")
        : Dice is { } dice && Math.Abs(dice.Float - dice.Int8) > MaxMeanChange
            ? FormattableString.Invariant($"mean Dice changes from {dice.Float:F4} to {dice.Int8:F4}, {MaxMeanChange} is the most")
        : LargestChange > MaxChange
            ? FormattableString.Invariant($"the Dice of an image changes by {LargestChange:F4}, {MaxChange} is the most")
        : null;

    private (double Float, double Int8)[] Labelled => [.. Images.Where(image => image.Dice is not null).Select(image => image.Dice!.Value)];

    /// <summary>Compares the masks of images.</summary>
    public static MaskAgreement Of(
        IReadOnlyList<CalibrationImage> images, IReadOnlyList<LungMask> inFloat, IReadOnlyList<LungMask> inInt8) =>
        new([.. images.Select((image, i) => ImageAgreement.Of(image.Name, image.Reference, inFloat[i], inInt8[i]))]);
}
