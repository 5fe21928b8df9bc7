namespace LungSeg.Imaging.Dicom.Writing;

/// <summary>What a DICOM segmentation holds, whatever its segments are: a frame for each, or one of labels.</summary>
internal sealed record SegmentationContent
{
    public required DerivedKind Kind { get; init; }

    public required SegmentationType Type { get; init; }

    public required SegmentationMethod Method { get; init; }

    /// <summary>The time that the object states; null for now.</summary>
    public DateTime? Time { get; init; }

    public required int Height { get; init; }

    public required int Width { get; init; }

    /// <summary>What the segments are, in a word.</summary>
    public required string Label { get; init; }

    /// <summary>What the segments are, in a few words.</summary>
    public required string Description { get; init; }

    /// <summary>How they were found, in a sentence.</summary>
    public required string Derivation { get; init; }

    /// <summary>The items of the segment sequence, numbered from 1 on.</summary>
    public required DataSetBuilder[] Segments { get; init; }

    /// <summary>The frames, one after the other.</summary>
    public required byte[] Pixels { get; init; }

    /// <summary>Makes the object for the image that the segments are of.</summary>
    public static DerivedObject Make(DicomReference source, SegmentationContent content)
    {
        SegmentationType type = content.Type;
        bool bits = type == SegmentationType.Binary;
        DataSetBuilder dataSet = DerivedObject.Begin(content.Kind, content.Method, source);
        SourceImage.SetLossyCompression(dataSet, source);
        SourceImage.SetReferencedSeries(dataSet, source);
        dataSet
            .Set(Attribute.FrameOfReferenceUid, SourceImage.FrameOfReference(source))
            .Set(Attribute.PositionReferenceIndicator, "")
            .Set(Attribute.PatientOrientation, source.PatientOrientation)
            .Set(Attribute.SourceImageSequence, SourceImage.Reference(source))
            .Set(Attribute.ImageType, @"DERIVED\PRIMARY")
            .Set(Attribute.ContentLabel, content.Label.ToUpperInvariant())
            .Set(Attribute.ContentDescription, content.Description)
            .Set(Attribute.ContentCreatorName, "")
            .Set(Attribute.SamplesPerPixel, 1)
            .Set(Attribute.PhotometricInterpretation, "MONOCHROME2")
            .Set(Attribute.Rows, (uint)content.Height)
            .Set(Attribute.Columns, (uint)content.Width)
            .Set(Attribute.BitsAllocated, bits ? 1u : 8)
            .Set(Attribute.BitsStored, bits ? 1u : 8)
            .Set(Attribute.HighBit, bits ? 0u : 7)
            .Set(Attribute.PixelRepresentation, 0)
            .Set(
                Attribute.NumberOfFrames,
                type == SegmentationType.LabelMap ? "1" : FormattableString.Invariant($"{content.Segments.Length}"))
            .Set(Attribute.SegmentationType, type.ToString().ToUpperInvariant())
            .Set(Attribute.SegmentsOverlap, "NO")
            .Set(Attribute.SegmentSequence, content.Segments)
            .SetBytes(Attribute.PixelDataBytes, content.Pixels);
        if (type == SegmentationType.Fractional)
            dataSet.Set(Attribute.SegmentationFractionalType, "PROBABILITY").Set(Attribute.MaximumFractionalValue, byte.MaxValue);
        // It stands for the background.
        if (type == SegmentationType.LabelMap)
            dataSet.Set(Attribute.PixelPaddingValue, 0);
        SetFunctionalGroups(dataSet, source, content);
        return DerivedObject.Complete(content.Kind, content.Time, dataSet);
    }

    /// <summary>
    /// A frame for each of some labels as one row of bits, the first pixel in the lowest bit of the first byte (PS3.5, 8.1.1).
    /// </summary>
    public static byte[] Bits(byte[] labels, byte[] numbers)
    {
        byte[] bits = new byte[((long)labels.Length * numbers.Length + 7) / 8];
        long at = 0;
        foreach (byte number in numbers)
        {
            foreach (byte label in labels)
            {
                if (label == number)
                    bits[at >> 3] |= (byte)(1 << (int)(at & 7));
                at++;
            }
        }
        return bits;
    }

    /// <summary>
    /// The source image is named for each frame and not once for all: viewers look for it there, and it may stand in one place only. The
    /// frame of a map of labels is of no segment alone, so a label of its own takes the place of the segment's number.
    /// </summary>
    private static void SetFunctionalGroups(DataSetBuilder dataSet, DicomReference source, SegmentationContent content)
    {
        bool map = content.Type == SegmentationType.LabelMap;
        string organization = DicomUid.Of("dimensions", source.SopInstanceUid, $"{content.Type}");
        dataSet.Set(Attribute.DimensionOrganizationSequence, new DataSetBuilder().Set(Attribute.DimensionOrganizationUid, organization));
        dataSet.Set(Attribute.DimensionIndexSequence, new DataSetBuilder()
            .Set(Attribute.DimensionOrganizationUid, organization)
            .Set(Attribute.DimensionIndexPointer, map ? Attribute.FrameLabel : Attribute.ReferencedSegmentNumber)
            .Set(Attribute.FunctionalGroupPointer, map ? Attribute.FrameContentSequence : Attribute.SegmentIdentificationSequence)
            .Set(Attribute.DimensionDescriptionLabel, map ? "Frame" : "Segment"));
        dataSet.Set(
            Attribute.SharedFunctionalGroupsSequence,
            new DataSetBuilder().Set(Attribute.PlaneOrientationSequence, SourceImage.PlaneOrientation(source)));
        DataSetBuilder Frame(uint index, DataSetBuilder frame) => new DataSetBuilder()
            .Set(Attribute.DerivationImageSequence, SourceImage.Derivation(source, content.Derivation))
            .Set(Attribute.FrameContentSequence, frame.Set(Attribute.DimensionIndexValues, index));
        DataSetBuilder OfSegment(uint number) => Frame(number, new DataSetBuilder()).Set(
            Attribute.SegmentIdentificationSequence, new DataSetBuilder().Set(Attribute.ReferencedSegmentNumber, number));
        dataSet.Set(
            Attribute.PerFrameFunctionalGroupsSequence,
            map ? [Frame(1, new DataSetBuilder().Set(Attribute.FrameLabel, content.Label))]
                : [.. Enumerable.Range(1, content.Segments.Length).Select(number => OfSegment((uint)number))]);
    }
}
