using LungSeg.Imaging.Masks;
using LungSeg.Imaging.Outputs;

namespace LungSeg.Imaging.Dicom.Writing;

/// <summary>
/// A DICOM segmentation (PS3.3, A.51) of a projection image: one binary segment and one frame of packed bits for each lung, on the
/// image's own pixels.
/// </summary>
internal static class SegmentationObject
{
    private static readonly DerivedKind Binary = new("SEG", SopClass.Segmentation, "SEG", 9001, "lungs");

    /// <summary>Makes the object.</summary>
    /// <exception cref="ImageException">The picture is no DICOM image that can be referred to, or its mask has no lung.</exception>
    public static DerivedObject Make(LungSegmentation result, string format)
    {
        OnPicture.Require(result, format);
        DicomReference source = SourceImage.Require(result, format);
        LungSide[] sides = [.. Enum.GetValues<LungSide>().Where(side => result.Statistics.Of(side) is not null)];
        if (sides.Length == 0)
            throw new ImageException($"{result.Picture.Name}: no lung was found, and {format} has at least one segment; leave {format} out");
        DerivedKind kind = Binary;
        DataSetBuilder dataSet = DerivedObject.Begin(kind, result, source);
        SourceImage.SetLossyCompression(dataSet, source);
        SourceImage.SetReferencedSeries(dataSet, source);
        dataSet
            .Set(Attribute.FrameOfReferenceUid, SourceImage.FrameOfReference(source))
            .Set(Attribute.PositionReferenceIndicator, "")
            .Set(Attribute.PatientOrientation, source.PatientOrientation)
            .Set(Attribute.SourceImageSequence, SourceImage.Reference(source))
            .Set(Attribute.ImageType, @"DERIVED\PRIMARY")
            .Set(Attribute.ContentLabel, "LUNGS")
            .Set(Attribute.ContentDescription, "Lungs of a chest radiograph")
            .Set(Attribute.ContentCreatorName, "")
            .Set(Attribute.SamplesPerPixel, 1)
            .Set(Attribute.PhotometricInterpretation, "MONOCHROME2")
            .Set(Attribute.Rows, (uint)result.Mask.Height)
            .Set(Attribute.Columns, (uint)result.Mask.Width)
            .Set(Attribute.BitsAllocated, 1)
            .Set(Attribute.BitsStored, 1)
            .Set(Attribute.HighBit, 0)
            .Set(Attribute.PixelRepresentation, 0)
            .Set(Attribute.NumberOfFrames, FormattableString.Invariant($"{sides.Length}"))
            .Set(Attribute.SegmentationType, "BINARY")
            .Set(Attribute.SegmentsOverlap, "NO")
            .Set(Attribute.SegmentSequence, Array.ConvertAll(sides, side => Segment(side, Number(sides, side), result.Method, source)))
            .SetBytes(Attribute.PixelDataBytes, Pack(result.Sided, sides));
        SetFunctionalGroups(dataSet, result, source, sides);
        return DerivedObject.Complete(kind, dataSet);
    }

    private static uint Number(LungSide[] sides, LungSide side) => (uint)Array.IndexOf(sides, side) + 1;

    private static DataSetBuilder Segment(LungSide side, uint number, SegmentationMethod method, DicomReference source) => new DataSetBuilder()
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

    /// <summary>
    /// The source image is named for each frame and not once for all: viewers look for it there, and it may stand in one place only.
    /// </summary>
    private static void SetFunctionalGroups(DataSetBuilder dataSet, LungSegmentation result, DicomReference source, LungSide[] sides)
    {
        string organization = DicomUid.Of("dimensions", source.SopInstanceUid, DicomUid.Fingerprint(result.Sided.Sides));
        dataSet.Set(Attribute.DimensionOrganizationSequence, new DataSetBuilder().Set(Attribute.DimensionOrganizationUid, organization));
        dataSet.Set(Attribute.DimensionIndexSequence, new DataSetBuilder()
            .Set(Attribute.DimensionOrganizationUid, organization)
            .Set(Attribute.DimensionIndexPointer, Attribute.ReferencedSegmentNumber)
            .Set(Attribute.FunctionalGroupPointer, Attribute.SegmentIdentificationSequence)
            .Set(Attribute.DimensionDescriptionLabel, "Segment"));
        dataSet.Set(
            Attribute.SharedFunctionalGroupsSequence,
            new DataSetBuilder().Set(Attribute.PlaneOrientationSequence, SourceImage.PlaneOrientation(source)));
        dataSet.Set(Attribute.PerFrameFunctionalGroupsSequence, Array.ConvertAll(sides, side => new DataSetBuilder()
            .Set(Attribute.DerivationImageSequence, SourceImage.Derivation(source, result.Method))
            .Set(Attribute.FrameContentSequence, new DataSetBuilder().Set(Attribute.DimensionIndexValues, Number(sides, side)))
            .Set(Attribute.SegmentIdentificationSequence, new DataSetBuilder().Set(Attribute.ReferencedSegmentNumber, Number(sides, side)))));
    }

    /// <summary>The frames' pixels as one row of bits, the first pixel in the lowest bit of the first byte (PS3.5, 8.1.1).</summary>
    private static byte[] Pack(SidedMask mask, LungSide[] sides)
    {
        byte[] bits = new byte[((long)mask.Sides.Length * sides.Length + 7) / 8];
        long at = 0;
        foreach (LungSide side in sides)
        {
            byte value = SidedMask.ValueOf(side);
            foreach (byte pixel in mask.Sides)
            {
                if (pixel == value)
                    bits[at >> 3] |= (byte)(1 << (int)(at & 7));
                at++;
            }
        }
        return bits;
    }
}
