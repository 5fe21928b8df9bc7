using LungSeg.Imaging.Masks;
using LungSeg.Imaging.Outputs;

namespace LungSeg.Imaging.Dicom.Writing;

/// <summary>
/// A DICOM segmentation (PS3.3, A.51) of a projection image: one binary segment and one frame of packed bits for each lung, on the
/// image's own pixels.
/// </summary>
internal static class SegmentationObject
{
    private const string SeriesNumber = "9001";

    /// <summary>Writes the file.</summary>
    /// <exception cref="ImageException">The picture is no DICOM image that can be referred to, or its mask has no lung.</exception>
    public static void Write(Stream stream, LungSegmentation result, string format)
    {
        OnPicture.Require(result, format);
        DicomReference source = SourceImage.Require(result, format);
        LungSide[] sides = [.. Enum.GetValues<LungSide>().Where(side => result.Statistics.Of(side) is not null)];
        if (sides.Length == 0)
            throw new ImageException($"{result.Picture.Name}: no lung was found, and {format} has at least one segment; leave {format} out");
        string method = $"{result.Method.Network} {Path.GetFileName(result.Method.Weights)} {result.Method.Threshold}";
        string frame = FormattableString.Invariant($"{source.Frame}");
        DataSetBuilder dataSet = new();
        SourceImage.SetPatientAndStudy(dataSet, source);
        SourceImage.SetEquipment(dataSet, result.Method);
        SourceImage.SetLossyCompression(dataSet, source);
        SourceImage.SetReferencedSeries(dataSet, source);
        CreationTime.Set(dataSet);
        dataSet
            .Set(Attribute.StudyInstanceUid, source.StudyInstanceUid)
            .Set(Attribute.Modality, "SEG")
            .Set(Attribute.SeriesInstanceUid, DicomUid.Of("segmentation series", source.SeriesInstanceUid, method, Software.Version))
            .Set(Attribute.SeriesNumber, SeriesNumber)
            .Set(Attribute.SeriesDescription, $"Lungs ({Software.Name} {result.Method.Network})")
            .Set(Attribute.DeviceSerialNumber, Software.Version)
            .Set(Attribute.InstanceNumber, source.InstanceNumber.Length > 0 ? source.InstanceNumber : "1")
            .Set(Attribute.PatientOrientation, source.PatientOrientation)
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
            .Set(Attribute.SegmentSequence, Array.ConvertAll(sides, side => Segment(side, Number(sides, side), result.Method)))
            .SetBytes(Attribute.PixelDataBytes, Pack(result.Sided, sides));
        if (source.FrameOfReferenceUid.Length > 0)
            dataSet.Set(Attribute.FrameOfReferenceUid, source.FrameOfReferenceUid).Set(Attribute.PositionReferenceIndicator, "");
        SetFunctionalGroups(dataSet, result, source, sides);
        string content = DicomUid.Fingerprint(result.Sided.Sides);
        DicomFileWriter.Write(stream, SopClass.Segmentation, DicomUid.Of("segmentation", source.SopInstanceUid, frame, method, Software.Version, content), dataSet);
    }

    private static uint Number(LungSide[] sides, LungSide side) => (uint)Array.IndexOf(sides, side) + 1;

    private static DataSetBuilder Segment(LungSide side, uint number, SegmentationMethod method) => new DataSetBuilder()
        .Set(Attribute.SegmentNumber, number)
        .Set(Attribute.SegmentLabel, LungNames.Of(side))
        .Set(Attribute.SegmentDescription, SourceImage.Description(method))
        .Set(Attribute.SegmentAlgorithmType, "AUTOMATIC")
        .Set(Attribute.SegmentAlgorithmName, $"{Software.Name} {method.Network}")
        .Set(Attribute.SegmentedPropertyCategoryCodeSequence, LungCodes.Category)
        .Set(Attribute.SegmentedPropertyTypeCodeSequence, new DataSetBuilder()
            .Set(Attribute.CodeValue, LungCodes.Lung.Value)
            .Set(Attribute.CodingSchemeDesignator, LungCodes.Lung.Scheme)
            .Set(Attribute.CodeMeaning, LungCodes.Lung.Meaning)
            .Set(Attribute.SegmentedPropertyTypeModifierCodeSequence, LungCodes.Laterality(side)))
        .Set(Attribute.RecommendedDisplayCieLabValue, CieLab.Of(Overlay.ColorOf(side)));

    private static void SetFunctionalGroups(DataSetBuilder dataSet, LungSegmentation result, DicomReference source, LungSide[] sides)
    {
        string organization = DicomUid.Of("dimensions", source.SopInstanceUid, DicomUid.Fingerprint(result.Sided.Sides));
        dataSet.Set(Attribute.DimensionOrganizationSequence, new DataSetBuilder().Set(Attribute.DimensionOrganizationUid, organization));
        dataSet.Set(Attribute.DimensionIndexSequence, new DataSetBuilder()
            .Set(Attribute.DimensionOrganizationUid, organization)
            .Set(Attribute.DimensionIndexPointer, Attribute.ReferencedSegmentNumber)
            .Set(Attribute.FunctionalGroupPointer, Attribute.SegmentIdentificationSequence)
            .Set(Attribute.DimensionDescriptionLabel, "Segment"));
        DataSetBuilder shared = new DataSetBuilder().Set(Attribute.DerivationImageSequence, SourceImage.Derivation(source, result.Method));
        dataSet.Set(Attribute.SharedFunctionalGroupsSequence, shared);
        dataSet.Set(Attribute.PerFrameFunctionalGroupsSequence, Array.ConvertAll(sides, side => new DataSetBuilder()
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
