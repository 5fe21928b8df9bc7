using System.Text;
using LungSeg.Imaging.Dicom;
using LungSeg.Imaging.Outputs;
using LungSeg.Imaging.Tests.Outputs;

namespace LungSeg.Imaging.Tests.Dicom;

/// <summary>Untidy source images: one line, or a right result, and never a reference to what is not there.</summary>
public sealed class BadSourceTests
{
    private static readonly string[] Formats = ["seg", "sr,seg", "sr", "pr", "uncertainty-seg"];

    private static LungSegmentation Result(Action<DicomBuilder>? change = null, DicomOptions? options = null)
    {
        (byte[] file, LungMask lungs) = Films.Draw(200, 160, change: change);
        return Results.Of(ImageReader.Decode(file, "film.dcm", options ?? new DicomOptions()), lungs);
    }

    [Theory]
    [InlineData(0x00080016u, "SOP Class UID")]
    [InlineData(0x00080018u, "SOP Instance UID")]
    [InlineData(0x0020000Du, "Study Instance UID")]
    [InlineData(0x0020000Eu, "Series Instance UID")]
    public void An_image_that_lacks_an_identifier_is_refused_by_its_name(uint tag, string name)
    {
        LungSegmentation result = Result(b => b.Without(tag));
        foreach (string format in Formats)
        {
            string said = Assert.Throws<ImageException>(() => Results.Written(format, result)).Message;
            Assert.Contains(name, said);
            Assert.Contains($"leave {format.Split(',')[0]} out", said);
        }
        // A capture refers to nothing, and stands in a study of its own.
        Assert.Matches(@"^2\.25\.", ImageReader.Decode(Results.Written("sc", result), "sc").Dicom!.StudyInstanceUid);
    }

    [Theory]
    [InlineData("ISO_IR 192", "Μαρία^Παπά=山田^太郎", "utf-8")]
    [InlineData("ISO_IR 100", "Sjögren^Åsa", "latin-1")]
    [InlineData("ISO_IR 144", "Люкceмбypг", "iso-8859-5")]
    [InlineData("GB18030", "王^小东", "gb18030")]
    [InlineData(@"\ISO 2022 IR 87", "Yamada^Tarou", "ascii")]
    public void Names_of_any_character_set_are_those_of_the_source(string characterSet, string name, string encoding)
    {
        Peer.NeedPython("pydicom");
        byte[] bytes = Convert.FromHexString(Peer.Python("import sys; print(sys.argv[1].encode(sys.argv[2]).hex())", name, encoding));
        LungSegmentation result =
            Result(b => b.Text(0x00080005, "CS", characterSet).Bytes(0x00100010, "PN", bytes.Length % 2 == 0 ? bytes : [.. bytes, 32])
            .Text(0x00090010, "LO", "ACME 1.1").Text(0x00091001, "LO", "private"));
        using TemporaryDirectory directory = new();
        foreach (string format in (string[])[.. Formats, "sc"])
        {
            string file = directory.File("x.dcm");
            File.WriteAllBytes(file, Results.Written(format, result));
            string said = Peer.Python(
                "import sys, pydicom; d = pydicom.dcmread(sys.argv[1]); print(str(d.PatientName), any(e.tag.is_private for e in d))", file);
            Assert.Equal($"{name} False", said);
        }
    }

    [Fact]
    public void A_negative_has_the_same_segmentation_as_its_positive()
    {
        LungSegmentation negative = Result(b => b.Text(0x00280004, "CS", "MONOCHROME1"));
        Assert.True(LungMask.FromImage(ImageReader.Decode(Results.Written("seg", negative), "seg"))
            .Pixels.SequenceEqual(negative.Mask.Pixels));
    }

    [Fact]
    public void Of_several_frames_results_refer_to_the_one_that_was_read()
    {
        Peer.NeedPython("pydicom");
        byte[] frame = SyntheticRadiograph.Draw(200, 160, seed: 3).Image.To8Bit();
        LungSegmentation Of(int number) => Result(
            b => b.Text(0x00280008, "IS", "3").Bytes(0x7FE00010, "OB", [.. frame, .. frame, .. frame]),
            new DicomOptions { Frame = number });
        LungSegmentation result = Of(2);
        const string Lines = """
            import sys, pydicom
            found = []
            def walk(d):
                if d.get('ReferencedSOPInstanceUID') == '1.2.3.4' and 'ReferencedFrameNumber' in d:
                    found.append(int(d.ReferencedFrameNumber))
                for e in d:
                    if e.VR == 'SQ':
                        for item in e.value:
                            walk(item)
            walk(pydicom.dcmread(sys.argv[1]))
            print(set(found))
            """;
        using TemporaryDirectory directory = new();
        foreach (string format in Formats)
        {
            string file = directory.File("x.dcm");
            File.WriteAllBytes(file, Results.Written(format, result));
            Assert.Equal("{2}", Peer.Python(Lines, file));
        }
        Assert.NotEqual(Uids(result).Series, Uids(Of(1)).Series);
    }

    private static (string Series, string Instance) Uids(LungSegmentation result, string format = "seg")
    {
        DicomReference written = ImageReader.Decode(Results.Written(format, result), format).Dicom!;
        return (written.SeriesInstanceUid, written.SopInstanceUid);
    }

    [Fact]
    public void An_image_that_is_sent_again_under_the_same_identifier_gives_another_instance_where_anything_differs()
    {
        (string series, string instance) = Uids(Result());
        Assert.Equal((series, instance), Uids(Result()));
        LungSegmentation renamed = Result(b => b.Text(0x00100010, "PN", "Doe^Joanna")), changed = Result();
        byte[] pixels = changed.Mask.Pixels.ToArray();
        pixels[Array.IndexOf(pixels, (byte)1)] = 0;
        foreach (LungSegmentation other in (LungSegmentation[])[renamed, changed with { Mask = new LungMask(200, 160, pixels) }])
        {
            Assert.Equal(series, Uids(other).Series);
            Assert.NotEqual(instance, Uids(other).Instance);
        }
    }

    [Theory]
    [InlineData("seg", SegmentationType.Binary)]
    [InlineData("seg", SegmentationType.Fractional)]
    [InlineData("seg", SegmentationType.LabelMap)]
    [InlineData("sr,seg", SegmentationType.Binary)]
    [InlineData("pr", SegmentationType.Binary)]
    [InlineData("sc", SegmentationType.Binary)]
    [InlineData("uncertainty-seg", SegmentationType.Binary)]
    public void At_another_time_only_dates_and_times_differ(string format, SegmentationType type)
    {
        const string Variable = "SOURCE_DATE_EPOCH";
        try
        {
            ResultOptions options = new() { SegmentationType = type };
            byte[] Written(string seconds)
            {
                Environment.SetEnvironmentVariable(Variable, seconds);
                return Results.Written(format, Result(), options);
            }
            byte[] first = Written("1577934245"), again = Written("1577934245"), later = Written("1893456000");
            Assert.Equal(first, again);
            string text = Encoding.Latin1.GetString(first);
            Assert.Equal(text.Replace("20200102", "20300101").Replace("030405", "000000"),
                Encoding.Latin1.GetString(later).Replace("030405", "000000"));
        }
        finally
        {
            Environment.SetEnvironmentVariable(Variable, null);
        }
    }
}
