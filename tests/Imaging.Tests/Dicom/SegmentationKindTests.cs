using System.Text.Json;
using LungSeg.Imaging.Dicom;
using LungSeg.Imaging.Masks;
using LungSeg.Imaging.Outputs;
using LungSeg.Imaging.Tests.Outputs;

namespace LungSeg.Imaging.Tests.Dicom;

/// <summary>BINARY, FRACTIONAL and LABELMAP, uncompressed, deflated and in RLE: read back by our reader and by others.</summary>
public sealed class SegmentationKindTests
{
    public static TheoryData<SegmentationType, DicomCompression> Kinds { get; } = new(
        from type in Enum.GetValues<SegmentationType>()
        from compression in Enum.GetValues<DicomCompression>()
        where (type, compression) != (SegmentationType.Binary, DicomCompression.Rle)
        select (type, compression));

    /// <summary>A film with probabilities that fall off evenly from the lungs' outlines.</summary>
    private static LungSegmentation Result()
    {
        (byte[] file, LungMask lungs) = Films.Draw(250, 201);
        float[] probabilities = new float[lungs.Pixels.Length];
        for (int i = 0; i < probabilities.Length; i++)
            probabilities[i] = lungs.Pixels[i] == 0 ? i % 251 / 502f : 0.5f + (1 + i % 250) / 502f;
        return Results.Of(ImageReader.Decode(file, "film.dcm"), lungs, probabilities);
    }

    private static byte[] Written(LungSegmentation result, SegmentationType type, DicomCompression compression) =>
        Results.Written("seg", result, new ResultOptions { SegmentationType = type, Compression = compression });

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_kind_is_read_back(SegmentationType type, DicomCompression compression)
    {
        LungSegmentation result = Result();
        byte[] file = Written(result, type, compression);
        Radiograph back = ImageReader.Decode(file, "seg");
        // What is more probable than a half is so when it is read back, and what is not is not.
        Assert.True(LungMask.FromImage(back).Pixels.SequenceEqual(result.Mask.Pixels));
        if (type == SegmentationType.Fractional)
        {
            float[] read = back.ToUnitFloat();
            Assert.All(read.Zip(result.Probabilities.Values.ToArray()), pair => Assert.Equal(pair.Second, pair.First, 0.5f / 255 + 1e-6f));
        }
        if (type != SegmentationType.LabelMap)
        {
            Radiograph right = ImageReader.Decode(file, "seg", new DicomOptions { Frame = 1 });
            Assert.Equal(result.Statistics.Of(LungSide.Right)!.Area, LungMask.FromImage(right).Area);
        }
        Assert.Throws<ImageException>(() => ImageReader.Decode(file[..^(file.Length / 3)], "seg"));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Pydicom_reads_every_kind(SegmentationType type, DicomCompression compression)
    {
        Peer.NeedPython("pydicom");
        LungSegmentation result = Result();
        using TemporaryDirectory directory = new();
        (string file, string pixels) = (directory.File("seg.dcm"), directory.File("pixels"));
        File.WriteAllBytes(file, Written(result, type, compression));
        Peer.Python("import sys, pydicom; open(sys.argv[2], 'wb').write(pydicom.dcmread(sys.argv[1]).pixel_array.tobytes())", file, pixels);
        byte[] read = File.ReadAllBytes(pixels), sides = result.Sided.Sides;
        byte[] expected = type switch
        {
            SegmentationType.LabelMap => sides,
            SegmentationType.Binary =>
                [.. sides.Select(side => (byte)(side == 1 ? 1 : 0)), .. sides.Select(side => (byte)(side == 2 ? 1 : 0))],
            _ => [],
        };
        if (type != SegmentationType.Fractional)
            Assert.Equal(expected, read);
        for (int i = 0; type == SegmentationType.Fractional && i < sides.Length; i++)
            Assert.Equal(result.Probabilities.Values[i] * 255, Math.Max(read[i], read[i + sides.Length]), 0.51f);
    }

    [Fact]
    public void Cornerstone_reads_a_label_map()
    {
        Peer.NeedViewers();
        (byte[] film, LungMask lungs) = Films.Draw(220, 180);
        LungSegmentation result = Results.Of(ImageReader.Decode(film, "film.dcm"), lungs);
        using TemporaryDirectory directory = new();
        (string source, string seg, string labels) = (directory.File("film.dcm"), directory.File("seg.dcm"), directory.File("labels"));
        File.WriteAllBytes(source, film);
        File.WriteAllBytes(seg, Written(result, SegmentationType.LabelMap, DicomCompression.None));
        JsonElement segments = Peer.Viewer("labelmap.mjs", source, seg, labels);
        Assert.Equal(result.Sided.Sides, File.ReadAllBytes(labels));
        Assert.Equal(["Right lung", "Left lung"], segments.EnumerateArray().Select(segment => segment.GetProperty("label").GetString()));
    }

    [Fact]
    public void Cornerstone_says_that_it_does_not_read_fractional_segmentations()
    {
        Peer.NeedViewers();
        (byte[] film, _) = Films.Draw(250, 201);
        using TemporaryDirectory directory = new();
        (string source, string seg) = (directory.File("film.dcm"), directory.File("seg.dcm"));
        File.WriteAllBytes(source, film);
        File.WriteAllBytes(seg, Written(Result(), SegmentationType.Fractional, DicomCompression.None));
        Assert.Contains("Fractional segmentations are not yet supported",
            Peer.ViewerFault("labelmap.mjs", source, seg, directory.File("labels")));
    }

    /// <summary>
    /// Debian's dciodvfy is older than label maps. These are the elements that the IOD demands (PS3.3 2024d, A.51.3, C.8.20.2 and the
    /// modules that they name), by keyword as pydicom has it: of type 1 with a value, of type 2 perhaps without one.
    /// </summary>
    [Fact]
    public void A_label_map_has_what_its_IOD_demands()
    {
        Peer.NeedPython("pydicom");
        const string Lines = """
            import sys, pydicom
            d = pydicom.dcmread(sys.argv[1])
            first = '''SOPClassUID SOPInstanceUID StudyInstanceUID SeriesInstanceUID Modality SeriesNumber FrameOfReferenceUID Manufacturer
                ManufacturerModelName DeviceSerialNumber SoftwareVersions InstanceNumber ContentDate ContentTime ContentLabel ImageType
                SamplesPerPixel
                PhotometricInterpretation Rows Columns BitsAllocated BitsStored HighBit PixelRepresentation PixelData LossyImageCompression
                SegmentationType SegmentSequence PixelPaddingValue NumberOfFrames SharedFunctionalGroupsSequence
                PerFrameFunctionalGroupsSequence
                DimensionOrganizationSequence DimensionIndexSequence ReferencedSeriesSequence SourceImageSequence'''.split()
            second = '''PatientName PatientID PatientBirthDate PatientSex StudyDate StudyTime AccessionNumber ReferringPhysicianName StudyID
                PositionReferenceIndicator PatientOrientation ContentDescription ContentCreatorName'''.split()
            missing = [k for k in first if k not in d or d[k].is_empty] + [k for k in second if k not in d]
            assert not missing, missing
            assert d.SOPClassUID == '1.2.840.10008.5.1.4.1.1.66.7' and d.file_meta.MediaStorageSOPClassUID == d.SOPClassUID
            assert d.Modality == 'SEG' and d.ImageType == ['DERIVED', 'PRIMARY'] and d.SegmentationType == 'LABELMAP'
            assert (d.SamplesPerPixel, d.PhotometricInterpretation, d.PixelRepresentation) == (1, 'MONOCHROME2', 0)
            assert (d.BitsAllocated, d.BitsStored, d.HighBit, d.PixelPaddingValue, d.NumberOfFrames) == (8, 8, 7, 0, 1)
            assert not any(k in d for k in ('SegmentationFractionalType', 'MaximumFractionalValue'))
            numbers = [s.SegmentNumber for s in d.SegmentSequence]
            assert sorted(set(d.pixel_array.flat)) == [0] + numbers and len(set(numbers)) == len(numbers)
            for s in d.SegmentSequence:
                for k in '''SegmentLabel SegmentAlgorithmType SegmentAlgorithmName SegmentedPropertyCategoryCodeSequence
                        SegmentedPropertyTypeCodeSequence SegmentationAlgorithmIdentificationSequence TrackingID TrackingUID
                        RecommendedDisplayCIELabValue'''.split():
                    assert k in s and not s[k].is_empty, k
                a, = s.SegmentationAlgorithmIdentificationSequence
                assert a.AlgorithmFamilyCodeSequence[0].CodeValue == '123110'
                assert a.AlgorithmName and a.AlgorithmVersion and a.AlgorithmParameters
            frame, = d.PerFrameFunctionalGroupsSequence
            assert 'SegmentIdentificationSequence' not in frame and 'DerivationImageSequence' in frame
            index, = d.DimensionIndexSequence
            content, = frame.FrameContentSequence
            assert (index.FunctionalGroupPointer, index.DimensionIndexPointer) == (0x00209111, 0x00209453)
            assert content.FrameLabel and content.DimensionIndexValues == 1
            assert 'PlaneOrientationSequence' in d.SharedFunctionalGroupsSequence[0]
            print('all there')
            """;
        using TemporaryDirectory directory = new();
        string file = directory.File("seg.dcm");
        File.WriteAllBytes(file, Written(Result(), SegmentationType.LabelMap, DicomCompression.None));
        Assert.Equal("all there", Peer.Python(Lines, file));
    }

    [Fact]
    public void Bits_in_RLE_are_refused()
    {
        ArgumentException refused =
            Assert.Throws<ArgumentException>(() => ResultFormats.Parse("seg", new ResultOptions { Compression = DicomCompression.Rle }));
        Assert.Contains("deflated", refused.Message);
        Assert.Equal(2, ResultFormats.Parse("sc,sr", new ResultOptions { Compression = DicomCompression.Rle }).Count);
    }

    [Fact]
    public void Segmentations_of_others_that_hold_something_else_are_refused_by_name()
    {
        string Refused(Action<DicomBuilder> change)
        {
            DicomBuilder builder =
                new DicomBuilder().Text(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.66.4").Text(0x00620001, "CS", "FRACTIONAL")
                .Words(0x0062000E, 255);
            change(builder);
            return builder.Refusal();
        }
        Assert.Contains("Segmentation Type (0062,0001)", Refused(b => b.Text(0x00620001, "CS", "SURFACE")));
        Assert.Contains("8 bits", Refused(b => b.Words(0x0062000E, 0)));
        Assert.Contains("8 bits", Refused(b => b.Words(0x0062000E, 300)));
    }
}
