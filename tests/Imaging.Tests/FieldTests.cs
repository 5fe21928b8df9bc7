using LungSeg.Imaging.Dicom;

namespace LungSeg.Imaging.Tests;

/// <summary>
/// The shared cases of what real archives hold, each with the value that is right and how that is known (README of the folder). Skipped
/// where the folder is absent; small cases of the same kinds are made in the other tests.
/// </summary>
public sealed class FieldTests
{
    private static readonly string Folder = Path.GetFullPath(Path.Combine(Repository.Root, "..", "shared", "field"));

    public static TheoryData<string, string> LikeBase => new()
    {
        { "window-0-0.dcm", "VOI" }, { "window-center-only.dcm", "VOI" }, { "voilut-empty-item.dcm", "VOI" },
        { "modalitylut-empty-item.dcm", "modality LUT" }, { "element-twice.dcm", "data set" }, { "second-meta-group.dcm", "data set" },
        { "frames-0.dcm", "frame" },
    };

    [Fact]
    public void The_plain_film_spans_its_range() => Assert.Equal((0, 27868, 65535), Read("base.dcm").Range());

    [Theory]
    [MemberData(nameof(LikeBase))]
    public void A_file_with_an_unusable_attribute_shows_the_plain_film(string file, string topic)
    {
        Radiograph read = Read(file);
        Assert.True(Read("base.dcm").Samples.SequenceEqual(read.Samples));
        Assert.Contains(read.Decisions, d => d.IsWarning && d.Topic == topic);
    }

    [Fact]
    public void The_second_window_counts_where_the_first_is_unusable()
    {
        Radiograph read = Read("window-first-unusable.dcm"), plain = Read("base.dcm");
        Assert.Contains(read.Decisions, d => d is { Topic: "VOI", IsWarning: true });
        Assert.Contains(read.Decisions,
            d => d.Topic == "VOI" && d.Text.StartsWith("window center 2048, width 4096", StringComparison.Ordinal));
        Assert.Equal((plain.Width, plain.Height), (read.Width, read.Height));
    }

    [Fact]
    public void An_element_with_two_blanks_for_its_representation_is_read_with_a_length_of_two_bytes()
    {
        Radiograph read = Read("blank-vr.dcm");
        Assert.Contains(read.Decisions, d => d.IsWarning && d.Text.Contains("(0028,0120)", StringComparison.Ordinal));
        // Stored 0 becomes background, which is the film's lowest value already.
        Assert.Contains(read.Decisions, d => d.Topic == "padding" && d.Text.Contains("value 0", StringComparison.Ordinal));
        Assert.Equal(65535, read.Range().Highest);
    }

    [Fact]
    public void A_VOI_table_that_needs_fewer_bits_than_it_states_ends_at_its_own_maximum()
    {
        Radiograph read = Read("voilut-16declared-12used.dcm");
        (int lowest, int median, int highest) = read.Range();
        Assert.InRange(median, 65535 * 0.3, 65535 * 0.6);
        Assert.InRange(highest, 50_000, 65535);
        Assert.True(lowest < 6000);
        Assert.Contains(read.Decisions, d => d is { Topic: "lookup table", IsWarning: true });
    }

    [Fact]
    public void Bits_above_the_stated_ones_are_masked_with_a_warning()
    {
        Radiograph read = Read("bits-above-stored.dcm");
        Assert.Equal((0, 36408, 65535), read.Range());
        Assert.Contains(read.Decisions, d => d is { Topic: "pixels", IsWarning: true });
    }

    [Theory]
    [InlineData("IM0001", null)]
    [InlineData("IM0002", "segmentation")]
    [InlineData("IM0003", "capture by LungSeg")]
    [InlineData("IM0004", "presentation state")]
    public void A_disc_holds_one_image(string file, string? kind)
    {
        string path = Find(Path.Combine("disc", file));
        Assert.Equal(("DICOM", kind), ImageReader.Recognize(path));
        DicomOptions options = new() { ImagesOnly = true };
        if (kind is null)
            Assert.Equal(512, ImageReader.Read(path, options).Width);
        else
            Assert.Contains(kind, Assert.Throws<ImageException>(() => ImageReader.Read(path, options)).Message);
    }

    [Fact]
    public void Stray_bytes_between_JPEG_segments_change_no_pixel()
    {
        Radiograph read = Read("jpeg-bytes-between-segments.jpg");
        Assert.True(Read("jpeg-clean.jpg").Samples.SequenceEqual(read.Samples));
        Assert.Contains(read.Decisions, d => d.IsWarning && d.Text.StartsWith("4 bytes", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("mask-1bit-tiff/mask/a.tif")]
    [InlineData("mask-gif/mask/a.gif")]
    [InlineData("mask-white-with-alpha/mask/a.png")]
    public void A_mask_in_another_coding_is_the_same_mask(string file)
    {
        // The three greys of this one are background and a lung each.
        Radiograph labels = Read("mask-0-127-255/mask/a.png");
        byte[] lungs = Array.ConvertAll(labels.Samples.ToArray(), s => s > 0 ? (byte)1 : (byte)0);
        Assert.Contains("several labels (0, 127, 255)", Assert.Throws<ImageException>(() => LungMask.FromImage(labels)).Message);
        Assert.True(LungMask.FromImage(Read(file)).Pixels.SequenceEqual(lungs));
    }

    [Theory]
    [InlineData("tiff-138-bytes.tif")]
    [InlineData("tiff-188-bytes.tif")]
    [InlineData("lzw-short.tif")]
    [InlineData("strip-one-of-64.tif")]
    [InlineData("strips4-offset-zero.tif")]
    [InlineData("tile-one-of-16.tif")]
    [InlineData("deflated-3gb.dcm")]
    public void Abuse_is_refused_with_little_memory(string file)
    {
        string path = Find(Path.Combine("abuse", file));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<ImageException>(() => ImageReader.Read(path));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 20);
    }

    private static Radiograph Read(string file) => ImageReader.Read(Find(file));

    private static string Find(string file)
    {
        string path = Path.Combine(Folder, file);
        Assert.SkipUnless(File.Exists(path), $"the shared cases are absent: {path}");
        return path;
    }
}
