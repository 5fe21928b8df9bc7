using LungSeg.Imaging.Dicom.Display;
using LungSeg.Imaging.Masks;

namespace LungSeg.Imaging.Dicom.Writing;

/// <summary>
/// A grayscale softcopy presentation state (PS3.3, A.33.1): the image with the grey scale with which it was read and the outlines of the
/// lungs over it, one layer for each, for archives that know no segmentations.
/// </summary>
internal static class PresentationState
{
    private static readonly DerivedKind Kind = new("PR", SopClass.PresentationState, "PR", 9006, "outlines of lungs");

    /// <summary>Makes the object.</summary>
    /// <exception cref="ImageException">The image is no grey DICOM image that can be referred to, or its mask has no lung.</exception>
    public static DerivedObject Make(LungSegmentation result, string format)
    {
        OnImage.Require(result, format);
        DicomReference source = SourceImage.Require(result.Image, format);
        GreyMapping scale = source.GreyMapping
            ?? throw new ImageException(
                $"{result.Image.Name}: {format} is a state of a grey image, and this one is in colour; leave {format} out");
        LungSide[] sides = SegmentationObject.Sides(result, format);
        DataSetBuilder dataSet = DerivedObject.Begin(Kind, result.Method, source);
        dataSet
            .Set(Attribute.Laterality, "")
            .Set(Attribute.ContentLabel, "LUNGS")
            .Set(Attribute.ContentDescription, "Outlines of the lungs of a chest radiograph")
            .Set(Attribute.ContentCreatorName, "")
            .Set(Attribute.ReferencedSeriesSequence, new DataSetBuilder()
                .Set(Attribute.SeriesInstanceUid, source.SeriesInstanceUid)
                .Set(Attribute.ReferencedImageSequence, SourceImage.Instance(source, withFrame: true)))
            .Set(Attribute.DisplayedAreaSelectionSequence, Area(result, source))
            .Set(Attribute.GraphicAnnotationSequence, Array.ConvertAll(sides, side => Annotation(result, source, side)))
            .Set(Attribute.GraphicLayerSequence, Array.ConvertAll(sides, side => Layer(side, Array.IndexOf(sides, side) + 1)))
            .Set(Attribute.PresentationLutShape, scale.IsInverted ? "INVERSE" : "IDENTITY");
        SetGreyScale(dataSet, scale);
        return DerivedObject.Complete(Kind, result.ContentTime, dataSet);
    }

    private static DataSetBuilder Area(LungSegmentation result, DicomReference source)
    {
        DataSetBuilder area = new DataSetBuilder()
            .Set(Attribute.ReferencedImageSequence, SourceImage.Instance(source, withFrame: true))
            .Set(Attribute.DisplayedAreaTopLeftHandCorner, 1, 1)
            .Set(Attribute.DisplayedAreaBottomRightHandCorner, (uint)result.Image.Width, (uint)result.Image.Height)
            .Set(Attribute.PresentationSizeMode, "SCALE TO FIT");
        return result.Image.Spacing is { } s
            ? area.Set(Attribute.PresentationPixelSpacing,
                FormattableString.Invariant($"{s.RowMillimetres:0.##########}\\{s.ColumnMillimetres:0.##########}"))
            : area.Set(Attribute.PresentationPixelAspectRatio, @"1\1");
    }

    private static DataSetBuilder Annotation(LungSegmentation result, DicomReference source, LungSide side) => new DataSetBuilder()
        .Set(Attribute.ReferencedImageSequence, SourceImage.Instance(source, withFrame: true))
        .Set(Attribute.GraphicLayer, LayerOf(side))
        .Set(Attribute.GraphicObjectSequence,
        [
            .. LungOutline.Of(result).Where(outline => outline.Side == side)
                .SelectMany(outline => outline.Holes.Prepend(outline.Outer))
                .Select(line => new DataSetBuilder()
                    .Set(Attribute.GraphicAnnotationUnits, "PIXEL")
                    .Set(Attribute.GraphicDimensions, 2)
                    .Set(Attribute.NumberOfGraphicPoints, (uint)line.Count)
                    .SetPoints(Attribute.GraphicData, line)
                    .Set(Attribute.GraphicType, "POLYLINE")
                    .Set(Attribute.GraphicFilled, "N")),
        ]);

    private static DataSetBuilder Layer(LungSide side, int order) => new DataSetBuilder()
        .Set(Attribute.GraphicLayer, LayerOf(side))
        .Set(Attribute.GraphicLayerOrder, FormattableString.Invariant($"{order}"))
        .Set(Attribute.GraphicLayerRecommendedDisplayGrayscaleValue, ushort.MaxValue)
        .Set(Attribute.GraphicLayerRecommendedDisplayCieLabValue, CieLab.Of(Overlay.ColorOf(side)))
        .Set(Attribute.GraphicLayerDescription, LungNames.Of(side));

    private static string LayerOf(LungSide side) =>
        side == LungSide.Both ? "BOTH LUNGS" : side == LungSide.Right ? "RIGHT LUNG" : "LEFT LUNG";

    /// <summary>A presentation state takes the place of the image's own grey scale, and must therefore hold it.</summary>
    private static void SetGreyScale(DataSetBuilder dataSet, GreyMapping scale)
    {
        if (scale.ModalityTable is { } modality)
            dataSet.Set(Attribute.ModalityLutSequence, Table(modality).Set(Attribute.ModalityLutType, "US"));
        else if (scale.Rescale is { } rescale)
            dataSet
                .Set(Attribute.RescaleSlope, FormattableString.Invariant($"{rescale.Slope:G10}"))
                .Set(Attribute.RescaleIntercept, FormattableString.Invariant($"{rescale.Intercept:G10}"))
                .Set(Attribute.RescaleType, "US");
        if (scale.VoiTable is { } voi)
            dataSet.Set(Attribute.SoftcopyVoiLutSequence, new DataSetBuilder().Set(Attribute.VoiLutSequence, Table(voi)));
        else if (scale.Window is { } window)
            dataSet.Set(Attribute.SoftcopyVoiLutSequence, new DataSetBuilder()
                .Set(Attribute.WindowCenter, FormattableString.Invariant($"{window.Center:G10}"))
                .Set(Attribute.WindowWidth, FormattableString.Invariant($"{window.Width:G10}"))
                .Set(Attribute.VoiLutFunction, window.Function));
    }

    private static DataSetBuilder Table(LookupTable table) => new DataSetBuilder()
        .Set(table.First < 0 ? Attribute.LutDescriptorSigned : Attribute.LutDescriptor, (ushort)table.Entries.Length,
            (ushort)(short)table.First, (uint)table.Bits)
        .Set(Attribute.LutData, Array.ConvertAll(table.Entries, entry => (uint)entry));
}
