using System.Text.Json;
using LungSeg.Imaging.Masks;
using LungSeg.Imaging.Tests.Outputs;

namespace LungSeg.Imaging.Tests.Dicom;

/// <summary>What viewers show of the results: their own code is run on them.</summary>
public sealed class ViewerTests
{
    /// <summary>A drawn film as a DICOM file and its true lungs. Turned: the head is to the left, as rows and orientation say.</summary>
    internal static (byte[] File, LungMask Lungs) Film(int width, int height, bool turned = false, Action<DicomBuilder>? change = null)
    {
        (Radiograph drawn, LungMask lungs) = SyntheticRadiograph.Draw(width, height, seed: 3);
        byte[] grey = drawn.To8Bit();
        if (turned)
        {
            (width, height, grey) = (height, width, Turn(grey, width, height));
            lungs = new LungMask(width, height, Turn(lungs.Pixels.ToArray(), height, width));
        }
        DicomBuilder builder = new DicomBuilder().Words(0x00280010, height).Words(0x00280011, width).Bytes(0x7FE00010, "OB", grey.Length % 2 == 0 ? grey : [.. grey, 0])
            .Text(0x00080005, "CS", "ISO_IR 192").Text(0x00080018, "UI", "1.2.3.4").Text(0x0020000D, "UI", "1.2.3").Text(0x0020000E, "UI", "1.2.3.9")
            .Text(0x00080020, "DA", "20200102").Text(0x00080030, "TM", "030405").Text(0x00200010, "SH", "S1").Text(0x00100010, "PN", "Doe^Jo")
            .Text(0x00100020, "LO", "P1").Text(0x00180015, "CS", "CHEST").Text(0x00181164, "DS", "0.5\\0.5").Text(0x00200020, "CS", turned ? "F\\L" : "L\\F");
        if (turned)
            builder.Text(0x00200037, "DS", "0\\0\\-1\\1\\0\\0").Text(0x00200032, "DS", "-10\\20\\30");
        change?.Invoke(builder);
        return (builder.BuildWhole(), lungs);

        // Columns become rows: what was on top is on the left.
        static byte[] Turn(byte[] pixels, int width, int height)
        {
            byte[] turned = new byte[pixels.Length];
            for (int y = 0; y < height; y++)
                for (int x = 0; x < width; x++)
                    turned[x * height + y] = pixels[y * width + x];
            return turned;
        }
    }

    [Theory]
    [InlineData(256, 256, false, "")]
    [InlineData(320, 200, false, "0.3\\0.6")]
    [InlineData(251, 333, true, "")]
    public void Cornerstone_s_labelmap_is_the_mask(int width, int height, bool turned, string spacing)
    {
        Peer.NeedViewers();
        (byte[] file, LungMask lungs) = Film(width, height, turned, b =>
        {
            if (spacing.Length > 0)
                b.Text(0x00280030, "DS", spacing);
        });
        LungSegmentation result = Results.Of(ImageReader.Decode(file, "film.dcm"), lungs);
        using TemporaryDirectory directory = new();
        (string source, string seg, string labels) = (directory.File("film.dcm"), directory.File("seg.dcm"), directory.File("labels"));
        File.WriteAllBytes(source, file);
        File.WriteAllBytes(seg, Results.Written("seg", result));
        JsonElement segments = Peer.Viewer("labelmap.mjs", source, seg, labels);
        LungSide[] sides = [.. Enum.GetValues<LungSide>().Where(side => result.Statistics.Of(side) is not null)];
        byte[] expected = Array.ConvertAll(result.Sided.Sides, value => value == 0 ? (byte)0 : (byte)(1 + Array.IndexOf(sides, SidedMask.SideOf(value))));
        Assert.Equal(expected, File.ReadAllBytes(labels));
        Assert.Equal(sides.Length, segments.GetArrayLength());
        Assert.All(segments.EnumerateArray(), segment => Assert.Equal(3, segment.GetProperty("cielab").GetArrayLength()));
    }

    [Fact]
    public void Two_films_of_one_series_are_two_display_sets_in_OHIF()
    {
        Peer.NeedViewers();
        using TemporaryDirectory directory = new();
        string[] files = [directory.File("1.dcm"), directory.File("2.dcm")];
        foreach ((string path, int i) in files.Select((path, i) => (path, i)))
        {
            (byte[] film, LungMask lungs) = Film(200, 200, change: b => b.Text(0x00080018, "UI", $"1.2.3.{i + 4}"));
            File.WriteAllBytes(path, Results.Written("seg", Results.Of(ImageReader.Decode(film, "film.dcm"), lungs)));
        }
        JsonElement[] sets = [.. Peer.Viewer("display-sets.cjs", files).EnumerateArray()];
        Assert.Equal(2, sets.Length);
        Assert.Equal(2, sets.Select(set => set.GetProperty("instance").GetString()).Distinct().Count());
        Assert.All(sets, set => Assert.StartsWith("SEG pan", set.GetProperty("description").GetString()));
    }

    [Fact]
    public void Pydicom_finds_each_lung_by_its_source_image()
    {
        Peer.NeedPython("pydicom");
        (byte[] file, LungMask lungs) = Film(256, 256);
        LungSegmentation result = Results.Of(ImageReader.Decode(file, "film.dcm"), lungs);
        using TemporaryDirectory directory = new();
        string path = directory.File("seg.dcm");
        File.WriteAllBytes(path, Results.Written("seg", result));
        const string Lines = """
            import sys, pydicom
            d = pydicom.dcmread(sys.argv[1])
            for frame, groups in zip(d.pixel_array, d.PerFrameFunctionalGroupsSequence):
                source = groups.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
                number = groups.SegmentIdentificationSequence[0].ReferencedSegmentNumber
                print(source, d.SegmentSequence[number - 1].SegmentLabel, int(frame.sum()), sep=':')
            """;
        Assert.Equal(
            $"1.2.3.4:Right lung:{result.Statistics.Of(LungSide.Right)!.Area}\n1.2.3.4:Left lung:{result.Statistics.Of(LungSide.Left)!.Area}",
            Peer.Python(Lines, path));
    }
}
