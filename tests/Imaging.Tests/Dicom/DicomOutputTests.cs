using System.Text;
using LungSeg.Imaging.Dicom;
using LungSeg.Imaging.Masks;
using LungSeg.Imaging.Tests.Outputs;

namespace LungSeg.Imaging.Tests.Dicom;

public sealed class DicomOutputTests
{
    private const int Side = 256;

    /// <summary>A drawn radiograph as a DICOM image, read by our reader, with its true lungs.</summary>
    private static LungSegmentation Result(Action<DicomBuilder>? change = null, bool? mirrored = null, Voi voi = Voi.Auto)
    {
        (Radiograph drawn, LungMask lungs) = Results.Drawn;
        DicomBuilder builder = new DicomBuilder().Words(0x00280010, Side).Words(0x00280011, Side).Bytes(0x7FE00010, "OB", drawn.To8Bit())
            .Text(0x00080005, "CS", "ISO_IR 100").Text(0x00080018, "UI", "1.2.3.4").Text(0x0020000D, "UI", "1.2.3")
            .Text(0x0020000E, "UI", "1.2.3.9")
            .Text(0x00100010, "PN", "Sj\u00F6gren^\u00C5sa").Text(0x00100020, "LO", "P1").Text(0x00080050, "SH", "A77")
            .Text(0x00200013, "IS", "7")
            .Text(0x00180015, "CS", "CHEST").Text(0x00181164, "DS", "0.5\\0.5").Text(0x00200020, "CS", mirrored == true ? "R\\F" : "L\\F");
        change?.Invoke(builder);
        return Results.Of(builder.ReadWith(new DicomOptions { Voi = voi }), lungs);
    }

    [Fact]
    public void A_segmentation_is_read_back_as_the_mask_and_lung_by_lung()
    {
        LungSegmentation result = Result();
        byte[] file = Results.Written("seg", result);
        Radiograph both = ImageReader.Decode(file, "seg"), right = ImageReader.Decode(file, "seg", new DicomOptions { Frame = 1 });
        Assert.True(LungMask.FromImage(both).Pixels.SequenceEqual(result.Mask.Pixels));
        Assert.Equal(result.Statistics.Of(LungSide.Right)!.Area, LungMask.FromImage(right).Area);
        Assert.Contains("frames 1 to 2",
            Assert.Throws<ImageException>(() => ImageReader.Decode(file, "seg", new DicomOptions { Frame = 3 })).Message);
        Assert.Contains("truncated", Assert.Throws<ImageException>(() => ImageReader.Decode(file[..^9], "seg")).Message);
    }

    [Fact]
    public void The_patient_s_orientation_decides_which_segment_is_the_right_lung()
    {
        LungSegmentation result = Result(mirrored: true);
        Radiograph right = ImageReader.Decode(Results.Written("seg", result), "seg", new DicomOptions { Frame = 1 });
        Assert.True(MaskStatistics.Of(LungMask.FromImage(right)).Parts[0].Component.CenterX > Side / 2);
    }

    [Fact]
    public void A_secondary_capture_is_read_back_as_the_overlay()
    {
        LungSegmentation result = Result();
        Radiograph back = ImageReader.Decode(Results.Written("sc", result), "sc"),
        overlay = ImageReader.Decode(Results.Written("overlay", result), "o");
        Assert.True(back.Samples.SequenceEqual(overlay.Samples));
        Assert.Equal(new PixelSpacing(0.5, 0.5), back.Spacing);
    }

    [Theory]
    [InlineData("seg")]
    [InlineData("sc")]
    public void Derived_objects_carry_patient_and_study_and_stand_in_a_series_of_their_own(string format)
    {
        LungSegmentation result = Result();
        DicomReference source = result.Image.Dicom!, derived = ImageReader.Decode(Results.Written(format, result), format).Dicom!;
        Assert.Equal(
            (source.StudyInstanceUid, source.PatientName, source.PatientId, source.AccessionNumber, source.PatientOrientation, "1"),
            (derived.StudyInstanceUid, derived.PatientName, derived.PatientId, derived.AccessionNumber, derived.PatientOrientation,
                derived.InstanceNumber));
        Assert.NotEqual(source.SeriesInstanceUid, derived.SeriesInstanceUid);
        Assert.NotEqual(source.SopInstanceUid, derived.SopInstanceUid);
        Assert.True(Results.Written(format, result).AsSpan().IndexOf("1.2.3.4\0"u8) > 0);
    }

    [Fact]
    public void Identifiers_follow_from_the_image_the_method_and_the_mask()
    {
        string Uid(LungSegmentation result) => ImageReader.Decode(Results.Written("seg", result), "seg").Dicom!.SopInstanceUid;
        string uid = Uid(Result());
        Assert.Matches(@"^2\.25\.[1-9][0-9]{30,38}$", uid);
        Assert.Equal(uid, Uid(Result()));
        Assert.NotEqual(uid, Uid(Result(b => b.Text(0x00080018, "UI", "1.2.3.5"))));
        Assert.NotEqual(uid, Uid(Result() with { Method = Result().Method with { Threshold = 0.4f } }));
        byte[] other = Result().Mask.Pixels.ToArray();
        other[Array.IndexOf(other, (byte)1)] = 0;
        Assert.NotEqual(uid, Uid(Result() with { Mask = new LungMask(Side, Side, other) }));
    }

    [Fact]
    public void Each_image_kind_and_setting_has_a_series_of_its_own_and_a_study_one_frame_of_reference()
    {
        DicomReference Derived(LungSegmentation result, string format = "seg") =>
            ImageReader.Decode(Results.Written(format, result), format).Dicom!;
        LungSegmentation result = Result();
        DicomReference derived = Derived(result);
        Assert.Equal(derived.SeriesInstanceUid, Derived(Result()).SeriesInstanceUid);
        SegmentationMethod method = result.Method;
        LungSegmentation[] others =
        [
            Result(b => b.Text(0x00080018, "UI", "1.2.3.5")),
            result with { Method = method with { Threshold = 0.4f } },
            result with { Method = method with { NetworkSize = 256 } },
            result with { Method = method with { Contrast = new ContrastStretch(239, 255) } },
            result with { Method = method with { Contrast = new ContrastStretch(238, 255) } },
            result with { Method = method with { WeightsSha256 = new Lazy<string>("ab") } },
            Result(voi: Voi.None),
        ];
        Assert.All(others, other => Assert.NotEqual(derived.SeriesInstanceUid, Derived(other).SeriesInstanceUid));
        Assert.NotEqual(derived.SeriesInstanceUid, Derived(result, "sc").SeriesInstanceUid);
        // A file of another name holds the same weights.
        Assert.Equal(derived.SeriesInstanceUid,
            Derived(result with { Method = method with { Weights = "elsewhere/copy.safetensors" } }).SeriesInstanceUid);
        Assert.Equal(derived.FrameOfReferenceUid, Derived(others[0]).FrameOfReferenceUid);
        Assert.NotEqual(derived.FrameOfReferenceUid, Derived(Result(b => b.Text(0x0020000D, "UI", "1.2.4"))).FrameOfReferenceUid);
        Assert.Equal("9.8.7", Derived(Result(b => b.Text(0x00200052, "UI", "9.8.7"))).FrameOfReferenceUid);
    }

    [Fact]
    public void The_plane_is_the_source_s_own_or_a_nominal_one()
    {
        void Holds(string orientation, Action<DicomBuilder>? change = null)
        {
            // Tag, VR and length of Image Orientation (Patient), then its value.
            byte[] element = [0x20, 0, 0x37, 0, (byte)'D', (byte)'S', (byte)(orientation.Length + 1 & ~1), 0,
                .. Encoding.ASCII.GetBytes(orientation)];
            Assert.True(Results.Written("seg", Result(change)).AsSpan().IndexOf(element) > 0, orientation);
        }
        Holds(@"1\0\0\0\1\0");
        Holds(@"1\0\0\0\0\-1", b => b.Text(0x00200037, "DS", @"1\0\0\0\0\-1"));
        // One that is no orientation is none.
        Holds(@"1\0\0\0\1\0", b => b.Text(0x00200037, "DS", @"1\0\0\1\0\0"));
    }

    [Theory]
    [InlineData("seg")]
    [InlineData("sc")]
    public void With_a_time_that_is_given_the_same_result_gives_the_same_bytes(string format)
    {
        const string Variable = "SOURCE_DATE_EPOCH";
        try
        {
            Environment.SetEnvironmentVariable(Variable, "1577934245");
            byte[] file = Results.Written(format, Result());
            Assert.Equal(file, Results.Written(format, Result()));
            Assert.True(file.AsSpan().IndexOf("20200102"u8) > 0 && file.AsSpan().IndexOf("030405"u8) > 0);
        }
        finally
        {
            Environment.SetEnvironmentVariable(Variable, null);
        }
    }

    [Fact]
    public void What_went_through_lossy_compression_says_so()
    {
        LungSegmentation lossy =
            Result(b => b.Text(0x00282110, "CS", "01").Text(0x00282112, "DS", "12.5").Text(0x00282114, "CS", "ISO_10918_1"));
        foreach (string format in (string[])["seg", "sc"])
        {
            Assert.True(ImageReader.Decode(Results.Written(format, lossy), format).Dicom!.IsLossy);
            Assert.False(ImageReader.Decode(Results.Written(format, Result()), format).Dicom!.IsLossy);
        }
    }

    [Fact]
    public void What_no_segmentation_can_refer_to_is_refused_with_what_to_do()
    {
        string Refused(LungSegmentation result) => Assert.Throws<ImageException>(() => Results.Written("seg", result)).Message;
        Assert.Contains("leave seg out", Refused(Results.Synthetic()));
        Assert.Contains("Study Instance UID (0020,000D)", Refused(Result(b => b.Without(0x0020000D))));
        Assert.Contains("use the native mode", Refused(Result() with { Mask = Result().Mask.Resize(128, 128) }));
        Assert.Contains("no lung was found", Refused(Result() with { Mask = new LungMask(Side, Side, new byte[Side * Side]) }));
    }

    [Fact]
    public void An_image_that_is_no_DICOM_image_gets_a_capture_in_a_study_of_its_own()
    {
        DicomReference capture = ImageReader.Decode(Results.Written("sc", Results.Synthetic()), "sc").Dicom!;
        Assert.Matches(@"^2\.25\.[0-9]+$", capture.StudyInstanceUid);
        Assert.Equal(("", ""), (capture.PatientName, capture.PatientId));
    }

    [Theory]
    [InlineData("seg", true)]
    [InlineData("sc", true)]
    [InlineData("sc", false)]
    public void Dciodvfy_finds_no_error(string format, bool dicom)
    {
        Peer.Need("dciodvfy", "dicom3tools");
        using TemporaryDirectory directory = new();
        string path = directory.File("x.dcm");
        File.WriteAllBytes(path,
            Results.Written(format,
                dicom ? Result(b => b.Text(0x00080020, "DA", "20200102").Text(0x00080030, "TM", "030405").Text(0x00200010, "SH", "S1"))
                : Results.Synthetic()));
        (_, string said) = Peer.Run("dciodvfy", path);
        Assert.DoesNotContain("Error", said);
        Assert.Contains(format == "seg" ? "Segmentation" : "SCImage", said);
    }
}
