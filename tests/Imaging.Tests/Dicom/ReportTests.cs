using System.Text;
using LungSeg.Imaging.Dicom;
using LungSeg.Imaging.Masks;
using LungSeg.Imaging.Outputs;
using LungSeg.Imaging.Tests.Outputs;

namespace LungSeg.Imaging.Tests.Dicom;

/// <summary>Structured reports and presentation states, read by dcmtk, dicom3tools and pydicom.</summary>
public sealed class ReportTests
{
    private static LungSegmentation Result(Action<DicomBuilder>? change = null, int width = 250, int height = 201)
    {
        (byte[] file, LungMask lungs) = Films.Draw(width, height, change: change);
        return Results.Of(ImageReader.Decode(file, "film.dcm"), lungs);
    }

    private static string In(TemporaryDirectory directory, string format, LungSegmentation result, ResultOptions? options = null)
    {
        string file = directory.File("x.dcm");
        File.WriteAllBytes(file, Results.Written(format, result, options));
        return file;
    }

    [Theory]
    [InlineData("seg", SegmentationType.Binary)]
    [InlineData("seg", SegmentationType.Fractional)]
    [InlineData("sr", SegmentationType.Binary)]
    [InlineData("sr,seg", SegmentationType.Binary)]
    [InlineData("pr", SegmentationType.Binary)]
    [InlineData("sc", SegmentationType.Binary)]
    [InlineData("uncertainty-seg", SegmentationType.Binary)]
    public void Dciodvfy_finds_no_error(string format, SegmentationType type)
    {
        Peer.Need("dciodvfy", "dicom3tools");
        using TemporaryDirectory directory = new();
        string file = In(directory, format, Result(), new ResultOptions { SegmentationType = type });
        (_, string said) = Peer.Run("dciodvfy", file);
        Assert.False(said.Contains("Error", StringComparison.Ordinal), said);
        Assert.Matches("Segmentation|SR|PresentationState|SCImage", said);
    }

    /// <summary>Networks of other libraries have long names, and a mirror image makes a description longer.</summary>
    [Theory]
    [InlineData("seg", "pan")]
    [InlineData("sr,seg", "deeplabv3plus-timm-tf-efficientnetv2-large-in21k-with-weights-of-my-own")]
    [InlineData("uncertainty-seg", "deeplabv3plus")]
    [InlineData("uncertainty-seg", "deeplabv3plus-timm-tf-efficientnetv2-large-in21k-with-weights-of-my-own")]
    public void A_network_of_any_name_and_a_mirror_image_fit_into_their_elements(string format, string network)
    {
        Peer.Need("dciodvfy", "dicom3tools");
        using TemporaryDirectory directory = new();
        LungSegmentation result = Result();
        result = result with { Method = result.Method with { Network = network }, MirrorProbabilities = result.Probabilities };
        string file = In(directory, format, result);
        (_, string said) = Peer.Run("dciodvfy", file);
        Assert.False(said.Contains("Error", StringComparison.Ordinal), said);
        // The end of a description that fits.
        if (network.Length < 40)
            Assert.True(File.ReadAllBytes(file).AsSpan().IndexOf(Encoding.ASCII.GetBytes($" (LungSeg {Software.Version})")) > 0);
    }

    [Theory]
    [InlineData("seg")]
    [InlineData("sr")]
    [InlineData("pr")]
    [InlineData("sc")]
    public void Dcmtk_inflates_what_is_deflated_and_finds_the_same(string format)
    {
        Peer.Need("dcmconv", "dcmtk");
        using TemporaryDirectory directory = new();
        LungSegmentation result = Result();
        (string plain, string deflated) = (directory.File("plain.dcm"), directory.File("inflated.dcm"));
        File.WriteAllBytes(plain, Results.Written(format, result));
        (int exit, string said) =
            Peer.Run("dcmconv", "+te", In(directory, format, result, new ResultOptions { Compression = DicomCompression.Deflated }),
                deflated);
        Assert.True(exit == 0, said);
        // Times may differ by a second.
        string Dump(string file) => string.Join('\n', Peer.Run("dcmdump", "--load-all", "+L", "-q", file).Said.Split('\n')
            .Where(line => line.StartsWith('(') && !line.StartsWith("(0002", StringComparison.Ordinal) && !line.Contains("Time")
                && !line.Contains("Date")));
        Assert.Equal(Dump(plain), Dump(deflated));
    }

    [Theory]
    [InlineData("sr")]
    [InlineData("sr,seg")]
    public void Dsrdump_reads_the_tree(string formats)
    {
        Peer.Need("dsrdump", "dcmtk");
        using TemporaryDirectory directory = new();
        LungSegmentation result = Result(b => b.Text(0x00080005, "CS", "ISO_IR 100"));
        (int exit, string tree) = Peer.Run("dsrdump", "+Pc", In(directory, formats, result));
        Assert.True(exit == 0, tree);
        Assert.DoesNotMatch("(?m)^[WE]: ", tree);
        Assert.Contains("Imaging Measurement Report", tree);
        foreach (LungSide side in (LungSide[])[LungSide.Right, LungSide.Left])
        {
            string area = Math.Round(result.Statistics.Of(side)!.Area * 0.25, 2)
                .ToString(System.Globalization.CultureInfo.InvariantCulture);
            Assert.Contains($"\"{area}\" (mm2", tree);
            Assert.Contains(LungNamesOf(side), tree);
        }
        Assert.Contains("On detector plane", tree);
        Assert.Equal(formats == "sr" ? 2 : 0, Count(tree, "SCOORD:"));
        Assert.Equal(formats == "sr" ? 0 : 2, Count(tree, "Referenced Segmentation Frame"));
    }

    private static string LungNamesOf(LungSide side) => side == LungSide.Right ? "Right lung" : "Left lung";

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    [Theory]
    [InlineData("", "", "1", "PIXELS")]
    [InlineData("0.4\\0.4", "GEOMETRY", "mm2", "PATIENT_PLANE")]
    [InlineData("0.4\\0.4", "", "mm2", "UNSTATED_PLANE")]
    public void The_area_has_the_unit_and_plane_of_the_spacing(string spacing, string calibration, string unit, string plane)
    {
        Peer.NeedPython("pydicom");
        using TemporaryDirectory directory = new();
        LungSegmentation result = Result(b =>
        {
            b.Without(0x00181164);
            if (spacing.Length > 0)
                b.Text(0x00280030, "DS", spacing);
            if (calibration.Length > 0)
                b.Text(0x00280A02, "CS", calibration);
        });
        string said = Peer.Python(Measurements, In(directory, "sr", result));
        string expected = string.Join('\n', ((LungSide[])[LungSide.Right, LungSide.Left]).Select(side => result.Statistics.Of(side)!.Area)
            .Select(area => FormattableString.Invariant(
                $"Area {(spacing.Length > 0 ? Math.Round(area * 0.16, 2) : area):0.00} {unit} {plane}")));
        Assert.StartsWith(expected, said);
        double ratio = (double)result.Statistics.Of(LungSide.Right)!.Area / result.Statistics.Of(LungSide.Left)!.Area;
        Assert.EndsWith(FormattableString.Invariant($"Area of right lung divided by area of left lung {ratio:0.00} 1 -"), said);
    }

    private const string Measurements = """
        import sys, pydicom
        def walk(item):
            for child in item.get('ContentSequence', []):
                if child.ValueType == 'NUM':
                    value = child.MeasuredValueSequence[0]
                    plane = [c.ConceptCodeSequence[0].CodeValue for c in child.get('ContentSequence', []) if c.ValueType == 'CODE']
                    name, unit = child.ConceptNameCodeSequence[0], value.MeasurementUnitsCodeSequence[0]
                    print(name.CodeMeaning, '%.2f' % float(value.NumericValue), unit.CodeValue, *(plane or ['-']))
                walk(child)
        walk(pydicom.dcmread(sys.argv[1]))
        """;

    [Fact]
    public void Polylines_close_and_enclose_the_area_to_the_pixel()
    {
        Peer.NeedPython("pydicom");
        const string Lines = """
            import sys, pydicom
            def area(points):
                assert points[:2] == points[-2:]
                xs, ys = points[0::2], points[1::2]
                return abs(sum(x0 * y1 - x1 * y0 for x0, y0, x1, y1 in zip(xs, ys, xs[1:], ys[1:]))) / 2
            d = pydicom.dcmread(sys.argv[1])
            if d.Modality == 'PR':
                lines = [list(o.GraphicData) for a in d.GraphicAnnotationSequence for o in a.GraphicObjectSequence]
            else:
                groups = d.ContentSequence[-1].ContentSequence
                lines = [list(c.GraphicData) for g in groups for c in g.ContentSequence if c.ValueType == 'SCOORD']
            print(*[int(area(line)) for line in lines])
            """;
        using TemporaryDirectory directory = new();
        LungSegmentation result = Result();
        string expected = $"{result.Statistics.Of(LungSide.Right)!.Area} {result.Statistics.Of(LungSide.Left)!.Area}";
        Assert.Equal(expected, Peer.Python(Lines, In(directory, "sr", result)));
        Assert.Equal(expected, Peer.Python(Lines, In(directory, "pr", result)));
    }

    [Fact]
    public void A_report_refers_to_the_segmentation_that_is_written_beside_it_or_has_none()
    {
        LungSegmentation result = Result();
        string uid = ImageReader.Decode(Results.Written("seg", result), "seg").Dicom!.SopInstanceUid;
        Assert.True(Results.Written("sr,seg", result).AsSpan().IndexOf(Encoding.ASCII.GetBytes(uid)) > 0);
        Assert.False(Results.Written("sr", result).AsSpan().IndexOf(Encoding.ASCII.GetBytes(uid)) > 0);
        ResultOptions frames = new() { ReportRegion = ReportRegion.Segmentation };
        Assert.Contains("add seg", Assert.Throws<ArgumentException>(() => ResultFormats.Parse("sr,mask", frames)).Message);
    }

    [Fact]
    public void A_lung_of_two_parts_has_a_polyline_in_a_group_of_its_own_for_each()
    {
        Peer.Need("dsrdump", "dcmtk");
        LungSegmentation result = Result();
        byte[] pixels = result.Mask.Pixels.ToArray();
        // A small square above the right lung.
        for (int y = 3; y < 9; y++)
            for (int x = 60; x < 66; x++)
                pixels[y * 250 + x] = 1;
        using TemporaryDirectory directory = new();
        (int exit, string tree) = Peer.Run("dsrdump", In(directory, "sr", result with { Mask = new LungMask(250, 201, pixels) }));
        Assert.True(exit == 0, tree);
        Assert.Equal(3, Count(tree, "SCOORD:"));
        Assert.Contains("Right lung, part 1 of 2", tree);
        Assert.Contains("\"9\" (mm2", tree);
    }

    [Fact]
    public void A_jagged_outline_is_simplified_until_its_element_can_hold_it()
    {
        // A comb whose outline has more corners than 16 bits of length allow.
        const int Side = 4200;
        byte[] pixels = new byte[Side * 64];
        for (int y = 8; y < 56; y++)
            for (int x = 10; x < Side - 10; x++)
                pixels[y * Side + x] = (byte)(y < 32 || x % 2 == 0 ? 1 : 0);
        (byte[] film, _) = Films.Draw(Side, 64);
        LungSegmentation result = Results.Of(ImageReader.Decode(film, "film.dcm"), new LungMask(Side, 64, pixels));
        IReadOnlyList<LungOutline> outlines = LungOutline.Of(result);
        Assert.All(outlines, outline => Assert.InRange(outline.Outer.Count, 4, 8191));
        Assert.NotEmpty(Results.Written("pr", result));
        Assert.NotEmpty(Results.Written("sr", result));
    }

    [Theory]
    [InlineData("window", false)]
    [InlineData("", false)]
    [InlineData("", true)]
    public void A_presentation_state_holds_the_grey_scale_with_which_the_image_was_read(string voi, bool inverted)
    {
        Peer.NeedPython("pydicom");
        using TemporaryDirectory directory = new();
        LungSegmentation result = Result(b =>
        {
            if (voi == "window")
                b.Text(0x00281050, "DS", "100").Text(0x00281051, "DS", "50");
            b.Text(0x00281052, "DS", "-10").Text(0x00281053, "DS", "2");
            if (inverted)
                b.Text(0x00280004, "CS", "MONOCHROME1");
        });
        const string Lines = """
            import sys, pydicom
            d = pydicom.dcmread(sys.argv[1])
            v = d.SoftcopyVOILUTSequence[0]
            numbers = d.RescaleSlope, d.RescaleIntercept, v.WindowCenter, v.WindowWidth
            print(d.PresentationLUTShape, *map(float, numbers), v.VOILUTFunction)
            """;
        string window = voi == "window" ? "100.0 50.0 LINEAR" : "245.0 510.0 LINEAR_EXACT";
        Assert.Equal($"{(inverted ? "INVERSE" : "IDENTITY")} 2.0 -10.0 {window}", Peer.Python(Lines, In(directory, "pr", result)));
    }

    [Fact]
    public void A_colour_image_has_no_grey_presentation_state()
    {
        (byte[] file, LungMask lungs) =
            Films.Draw(100, 80, change: b => b.Text(0x00280004, "CS", "RGB").Words(0x00280002, 3).Words(0x00280006, 0)
            .Bytes(0x7FE00010, "OB", [.. Enumerable.Range(0, 100 * 80 * 3).Select(i => (byte)i)]));
        LungSegmentation result = Results.Of(ImageReader.Decode(file, "film.dcm"), lungs);
        Assert.Contains("in colour; leave pr out", Assert.Throws<ImageException>(() => Results.Written("pr", result)).Message);
        Assert.NotEmpty(Results.Written("sr", result));
    }
}
