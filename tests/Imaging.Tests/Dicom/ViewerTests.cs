using System.Text.Json;
using LungSeg.Imaging.Dicom;
using LungSeg.Imaging.Masks;
using LungSeg.Imaging.Outputs;
using LungSeg.Imaging.Tests.Outputs;

namespace LungSeg.Imaging.Tests.Dicom;

/// <summary>What viewers show of the results: their own code is run on them.</summary>
public sealed class ViewerTests
{
    [Theory]
    [InlineData(256, 256, false, "")]
    [InlineData(320, 200, false, "0.3\\0.6")]
    [InlineData(251, 333, true, "")]
    public void Cornerstone_s_labelmap_is_the_mask(int width, int height, bool turned, string spacing)
    {
        Peer.NeedViewers();
        (byte[] file, LungMask lungs) = Films.Draw(width, height, turned, b =>
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
        byte[] expected = Array.ConvertAll(result.Sided.Sides,
            value => value == 0 ? (byte)0 : (byte)(1 + Array.IndexOf(sides, SidedMask.SideOf(value))));
        Assert.Equal(expected, File.ReadAllBytes(labels));
        Assert.Equal(sides.Length, segments.GetArrayLength());
        Assert.All(segments.EnumerateArray(), segment => Assert.Equal(3, segment.GetProperty("cielab").GetArrayLength()));
    }

    [Theory]
    [InlineData(SegmentationType.Binary, "SEG pan")]
    [InlineData(SegmentationType.Fractional, "PROB pan")]
    [InlineData(SegmentationType.LabelMap, "LABEL pan")]
    public void Two_films_of_one_series_are_two_display_sets_in_OHIF(SegmentationType type, string description)
    {
        Peer.NeedViewers();
        ResultOptions options = new() { SegmentationType = type };
        using TemporaryDirectory directory = new();
        string[] files = [directory.File("1.dcm"), directory.File("2.dcm")];
        foreach ((string path, int i) in files.Select((path, i) => (path, i)))
        {
            (byte[] film, LungMask lungs) = Films.Draw(200, 200, change: b => b.Text(0x00080018, "UI", $"1.2.3.{i + 4}"));
            File.WriteAllBytes(path, Results.Written("seg", Results.Of(ImageReader.Decode(film, "film.dcm"), lungs), options));
        }
        JsonElement[] sets = [.. Peer.Viewer("display-sets.cjs", files).EnumerateArray()];
        Assert.Equal(2, sets.Length);
        Assert.Equal(2, sets.Select(set => set.GetProperty("instance").GetString()).Distinct().Count());
        Assert.All(sets, set => Assert.StartsWith(description, set.GetProperty("description").GetString()));
    }

    [Fact]
    public void Pydicom_finds_each_lung_by_its_source_image()
    {
        Peer.NeedPython("pydicom");
        (byte[] file, LungMask lungs) = Films.Draw(256, 256);
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
            $"1.2.3.4:Right lung:{result.Statistics.Of(LungSide.Right)!.Area}\n1.2.3.4:Left "
                + $"lung:{result.Statistics.Of(LungSide.Left)!.Area}",
            Peer.Python(Lines, path));
    }
}
