using LungSeg.Imaging.Masks;
using LungSeg.Imaging.Quality;

namespace LungSeg.Imaging.Dicom.Writing;

/// <summary>
/// A DICOM segmentation (PS3.3, A.51) of a projection image on the image's own pixels, one segment for each lung: bits, probabilities, or a
/// map of labels.
/// </summary>
internal static class SegmentationObject
{
    private static readonly DerivedKind Binary = new("SEG", SopClass.Segmentation, "SEG", 9001, "lungs");
    private static readonly DerivedKind Fractional = new("PROB", SopClass.Segmentation, "SEG", 9003, "probability of lungs");
    private static readonly DerivedKind Uncertainty = new("DOUBT", SopClass.Segmentation, "SEG", 9007, "uncertainty of lungs");
    private static readonly DerivedKind MirrorUncertainty = Uncertainty with { Content = "uncertainty, mirror image too" };
    private static readonly DerivedKind LabelMap = new("LABEL", SopClass.LabelMapSegmentation, "SEG", 9004, "lungs");

    /// <summary>Makes the object.</summary>
    /// <exception cref="ImageException">The image is no DICOM image that can be referred to, or its mask has no lung.</exception>
    public static DerivedObject Make(LungSegmentation result, SegmentationType type, string format)
    {
        OnImage.Require(result, format);
        DicomReference source = SourceImage.Require(result.Image, format);
        LungSide[] sides = Sides(result, format);
        return type switch
        {
            SegmentationType.Binary => Make(Binary, type, result, source, sides,
                SegmentationContent.Bits(result.Sided.Sides, Array.ConvertAll(sides, SidedMask.ValueOf))),
            SegmentationType.LabelMap => Make(LabelMap, type, result, source, sides, Labels(result.Sided, sides)),
            _ => Make(Fractional, type, result, source, sides, Shares(result.Probabilities.Values, result.Sided, sides)),
        };
    }

    /// <summary>Makes the map of uncertainty near each lung: fractional, 255 where the network is undecided.</summary>
    /// <exception cref="ImageException">The image is no DICOM image that can be referred to, or its mask has no lung.</exception>
    public static DerivedObject MakeUncertainty(LungSegmentation result, string format)
    {
        OnImage.Require(result, format);
        DicomReference source = SourceImage.Require(result.Image, format);
        LungSide[] sides = Sides(result, format);
        return Make(
            result.MirrorProbabilities is null ? Uncertainty : MirrorUncertainty, SegmentationType.Fractional, result, source, sides,
            Shares(LungUncertainty.MapOf(result).Values, result.Sided, sides));
    }

    /// <summary>The lungs that are segments, in the order of their numbers from 1 on.</summary>
    /// <exception cref="ImageException">There is none.</exception>
    public static LungSide[] Sides(LungSegmentation result, string format)
    {
        LungSide[] sides = [.. Enum.GetValues<LungSide>().Where(side => result.Statistics.Of(side) is not null)];
        return sides.Length > 0
            ? sides
            : throw new ImageException(
                $"{result.Image.Name}: no lung was found, and {format} has at least one segment; leave {format} out");
    }

    private static DerivedObject Make(
        DerivedKind kind, SegmentationType type, LungSegmentation result, DicomReference source, LungSide[] sides, byte[] pixels) =>
        SegmentationContent.Make(source, new SegmentationContent
        {
            Kind = kind,
            Type = type,
            Method = result.Method,
            Time = result.ContentTime,
            Height = result.Mask.Height,
            Width = result.Mask.Width,
            Label = "Lungs",
            Description = "Lungs of a chest radiograph",
            Derivation = SourceImage.Description(result.Method),
            Segments = Array.ConvertAll(
                sides, side => kind.Word == Uncertainty.Word ? UncertaintySegment(side, Number(sides, side), result.Method, source)
                    : Segment(side, Number(sides, side), result.Method, source)),
            Pixels = pixels,
        });

    private static uint Number(LungSide[] sides, LungSide side) => (uint)Array.IndexOf(sides, side) + 1;

    private static DataSetBuilder Segment(LungSide side, uint number, SegmentationMethod method, DicomReference source) =>
        new DataSetBuilder()
        .Set(Attribute.SegmentNumber, number)
        .Set(Attribute.SegmentLabel, LungNames.Of(side))
        .Set(Attribute.SegmentDescription, SourceImage.Description(method))
        .Set(Attribute.SegmentAlgorithmType, "AUTOMATIC")
        .Set(Attribute.SegmentAlgorithmName, $"{Software.Name} {method.Network}")
        .Set(Attribute.SegmentationAlgorithmIdentificationSequence, SourceImage.Algorithm(method, source))
        .Set(Attribute.SegmentedPropertyCategoryCodeSequence, LungCodes.Category)
        .Set(Attribute.SegmentedPropertyTypeCodeSequence, new DataSetBuilder()
            .Set(Attribute.CodeValue, LungCodes.Lung.Value)
            .Set(Attribute.CodingSchemeDesignator, LungCodes.Lung.Scheme)
            .Set(Attribute.CodeMeaning, LungCodes.Lung.Meaning)
            .Set(Attribute.SegmentedPropertyTypeModifierCodeSequence, LungCodes.Laterality(side)))
        .Set(Attribute.TrackingId, LungNames.Of(side))
        .Set(Attribute.TrackingUid, SourceImage.TrackingUid(source, side))
        .Set(Attribute.RecommendedDisplayCieLabValue, CieLab.Of(Overlay.ColorOf(side)));

    /// <summary>A segment that is no lung, and whose codes must not say that it is one: a measure near a lung.</summary>
    private static DataSetBuilder UncertaintySegment(LungSide side, uint number, SegmentationMethod method, DicomReference source) =>
        Segment(side, number, method, source)
            .Set(Attribute.SegmentLabel, $"{LungNames.Of(side)}: uncertainty")
            .Set(Attribute.SegmentDescription,
                "0 where the probability of lung is 0 or 1, 255 where it is a half; " + SourceImage.Description(method))
            .Set(Attribute.SegmentedPropertyCategoryCodeSequence, LungCodes.Relation)
            .Set(Attribute.SegmentedPropertyTypeCodeSequence, LungCodes.Uncertainty)
            .Set(Attribute.AnatomicRegionSequence, new DataSetBuilder()
                .Set(Attribute.CodeValue, LungCodes.Lung.Value)
                .Set(Attribute.CodingSchemeDesignator, LungCodes.Lung.Scheme)
                .Set(Attribute.CodeMeaning, LungCodes.Lung.Meaning)
                .Set(Attribute.AnatomicRegionModifierSequence, LungCodes.Laterality(side)))
            .Set(Attribute.TrackingId, $"{LungNames.Of(side)}: uncertainty")
            .Set(Attribute.TrackingUid, DicomUid.Of(SourceImage.TrackingUid(source, side), "uncertainty"));

    private static byte[] Labels(SidedMask mask, LungSide[] sides)
    {
        byte[] numbers = new byte[byte.MaxValue];
        foreach (LungSide side in sides)
            numbers[SidedMask.ValueOf(side)] = (byte)Number(sides, side);
        return Array.ConvertAll(mask.Sides, value => numbers[value]);
    }

    /// <summary>
    /// A frame for each lung: the values of the pixels that are nearest to it, in 255ths; a half comes out below half, as it is no lung.
    /// </summary>
    private static byte[] Shares(ReadOnlySpan<float> values, SidedMask mask, LungSide[] sides)
    {
        byte[] territory = LungTerritory.Of(mask.Sides, mask.Width, mask.Height), frames = new byte[(long)values.Length * sides.Length];
        int[] starts = new int[byte.MaxValue];
        for (int i = 0; i < sides.Length; i++)
            starts[SidedMask.ValueOf(sides[i])] = i * values.Length;
        for (int i = 0; i < values.Length; i++)
            frames[starts[territory[i]] + i] = (byte)Math.Max(0, MathF.Ceiling(Math.Clamp(values[i], 0, 1) * byte.MaxValue - 0.5f));
        return frames;
    }
}
