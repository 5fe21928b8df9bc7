using System.IO.Compression;
using LungSeg.Imaging.Tests.Dicom;

namespace LungSeg.Imaging.Tests.Outputs;

/// <summary>NRRD and NIfTI, read by teem's unu and by nibabel.</summary>
public sealed class ResearchFormatTests
{
    private static LungSegmentation Result(bool turned = false)
    {
        (byte[] file, LungMask lungs) = Films.Draw(250, 201, turned, b => b.Text(0x00280030, "DS", "0.3\\0.6"));
        return Results.Of(ImageReader.Decode(file, "film.dcm"), lungs);
    }

    [Fact]
    public void Unu_reads_the_segmentation_of_3D_Slicer()
    {
        Peer.Need("teem-unu", "teem-apps");
        LungSegmentation result = Result();
        using TemporaryDirectory directory = new();
        string file = directory.File("x.seg.nrrd");
        File.WriteAllBytes(file, Results.Written("nrrd", result));
        (int exit, string said) = Peer.Run("teem-unu", "save", "-i", file, "-e", "raw", "-f", "nrrd", "-o", directory.File("y.nrrd"));
        Assert.True(exit == 0, said);
        byte[] copied = File.ReadAllBytes(directory.File("y.nrrd"));
        Assert.Equal(result.Sided.Sides, copied[^result.Sided.Sides.Length..]);
        string header = System.Text.Encoding.Latin1.GetString(copied, 0, copied.Length - result.Sided.Sides.Length);
        Assert.Contains("sizes: 250 201 1", header);
        // It writes numbers in more digits than it reads.
        Assert.Contains("space directions: (0.6,0,0) (0,0.3,0) (0,0,1)\n", System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(file)));
        foreach (string value in (string[])[
            "Segment0_Name:=Right lung", "Segment1_Name:=Left lung", "Segment0_LabelValue:=1", "Segment1_LabelValue:=2",
            "Segment0_Color:=", "_Extent:="])
            Assert.Contains(value, header);
    }

    [Fact]
    public void Nibabel_reads_the_label_map_and_where_it_lies()
    {
        Peer.NeedPython("nibabel");
        const string Lines = """
            import sys, nibabel
            n = nibabel.load(sys.argv[1])
            n.header.check_fix(error_level=10)
            open(sys.argv[2], 'wb').write(n.dataobj[:, :, 0].T.astype('u1').tobytes())
            zooms, affine = n.header.get_zooms(), n.affine[:3].flat
            print(n.shape, n.get_data_dtype(), [round(float(z), 4) for z in zooms], [round(float(v), 3) + 0.0 for v in affine],
                n.header.get_intent()[0])
            """;
        foreach (bool turned in (bool[])[false, true])
        {
            LungSegmentation result = Result(turned);
            using TemporaryDirectory directory = new();
            (string file, string raw) = (directory.File("x.nii.gz"), directory.File("x.raw"));
            File.WriteAllBytes(file, Results.Written("nifti", result));
            string said = Peer.Python(Lines, file, raw);
            Assert.Equal(result.Sided.Sides, File.ReadAllBytes(raw));
            // Right, anterior and superior: DICOM's left and posterior turned round. The turned film has rows to the feet and columns to
            // the left.
            Assert.Equal(
                turned
                    ? "(201, 250, 1) uint8 [0.6, 0.3, 1.0] [0.0, -0.3, 0.0, 10.0, 0.0, 0.0, 1.0, -20.0, -0.6, 0.0, 0.0, 30.0] label"
                    : "(250, 201, 1) uint8 [0.6, 0.3, 1.0] [-0.6, 0.0, 0.0, 0.0, 0.0, -0.3, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0] label",
                said);
        }
    }

    [Fact]
    public void A_gzip_stream_ends_with_the_mask()
    {
        LungSegmentation result = Result();
        using GZipStream zip = new(new MemoryStream(Results.Written("nifti", result)), CompressionMode.Decompress);
        using MemoryStream whole = new();
        zip.CopyTo(whole);
        Assert.Equal(352 + result.Sided.Sides.Length, whole.Length);
        Assert.Contains("at most 32767", Assert.Throws<ImageException>(() => Results.Written("nifti", LongStrip())).Message);
    }

    private static LungSegmentation LongStrip() =>
        Results.Of(new Radiograph(40000, 32, 1, 8, new ushort[40000 * 32]), new LungMask(40000, 32, new byte[40000 * 32]));
}
