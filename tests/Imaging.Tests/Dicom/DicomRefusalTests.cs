using LungSeg.Imaging.Dicom;

namespace LungSeg.Imaging.Tests.Dicom;

public sealed class DicomRefusalTests
{
    private const uint PixelData = 0x7FE00010;

    [Theory]
    [InlineData(0x00280010, "Rows (0028,0010)")]
    [InlineData(0x00280011, "Columns (0028,0011)")]
    [InlineData(0x00280004, "Photometric Interpretation (0028,0004)")]
    [InlineData(0x00280100, "Bits Allocated (0028,0100)")]
    [InlineData(0x00280101, "Bits Stored (0028,0101)")]
    [InlineData(0x00280103, "Pixel Representation (0028,0103)")]
    [InlineData(PixelData, "Pixel Data (7FE0,0010)")]
    public void A_missing_element_is_named(uint tag, string name)
    {
        string message = new DicomBuilder().Without(tag).Refusal();
        Assert.Contains("lacks", message);
        Assert.Contains(name, message);
    }

    [Theory]
    [InlineData(1, 1, "1-bit image")]
    [InlineData(32, 32, "32-bit image")]
    [InlineData(64, 64, "64-bit image")]
    [InlineData(12, 12, "12-bit image")]
    [InlineData(8, 1, "1 bit stored in 8")]
    [InlineData(8, 9, "9 bits stored in 8")]
    [InlineData(8, 0, "0 bits stored in 8")]
    public void A_depth_that_is_not_read_is_named(int allocated, int stored, string said) =>
        Assert.Contains(said,
            new DicomBuilder().Words(0x00280100, allocated).Words(0x00280101, stored).Words(0x00280102, Math.Max(0, stored - 1)).Refusal());

    [Theory]
    [InlineData(0x00280102, 3, "High Bit")]
    [InlineData(0x00280102, 8, "High Bit")]
    [InlineData(0x00280103, 2, "Pixel Representation")]
    [InlineData(0x00280002, 3, "Samples per Pixel")]
    [InlineData(0x00280010, 0, "too small")]
    [InlineData(0x00280010, 37, "truncated: its pixel data has 1440 bytes, 1480 were expected")]
    [InlineData(0x00280010, 65535, "truncated")]
    public void A_value_that_contradicts_the_others_is_named(uint tag, int value, string said) =>
        Assert.Contains(said, new DicomBuilder().Words(tag, value).Refusal());

    [Fact]
    public void An_absurd_size_is_refused_before_memory_is_taken()
    {
        byte[] file = new DicomBuilder().Words(0x00280010, 65535).Words(0x00280011, 65535).Build();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("over the limit", Assert.Throws<ImageException>(() => ImageReader.Decode(file, "x")).Message);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
    }

    [Theory]
    [InlineData("1.2.840.10008.1.2.4.92", "JPEG 2000 part 2", "opj_decompress")]
    [InlineData("1.2.840.10008.1.2.4.201", "HTJ2K", "opj_decompress")]
    [InlineData("1.2.840.10008.1.2.4.110", "JPEG XL", "djxl")]
    [InlineData("1.2.840.10008.1.2.4.102", "MPEG-4", "ffmpeg")]
    [InlineData("1.2.840.10008.1.2.4.94", "JPIP", "server")]
    [InlineData("1.2.3.4", "unknown (1.2.3.4)", "uncompressed")]
    public void A_compression_that_is_not_read_is_named_with_what_converts_it(string uid, string name, string advice)
    {
        string message = new DicomBuilder().Syntax(uid).Refusal();
        Assert.Contains(name, message);
        Assert.Contains(advice, message);
    }

    [Fact]
    public void Photometric_interpretations_that_are_not_read_are_named() =>
        Assert.Contains("YBR_RCT", new DicomBuilder().Text(0x00280004, "CS", "YBR_RCT").Refusal());

    [Fact]
    public void Floating_point_pixels_are_named() =>
        Assert.Contains("floating point", new DicomBuilder().Without(PixelData).Bytes(0x7FE00008, "OW", new byte[16]).Refusal());

    [Fact]
    public void A_DICOMDIR_is_named()
    {
        byte[] file = new DicomBuilder().Build();
        byte[] meta = [2, 0, 2, 0, (byte)'U', (byte)'I', 20, 0, .. "1.2.840.10008.1.3.10"u8];
        Assert.Contains("DICOMDIR",
            Assert.Throws<ImageException>(() => ImageReader.Decode([.. file[..132], .. meta, .. file[132..]], "x")).Message);
    }

    [Fact]
    public void Several_frames_are_refused_until_one_is_chosen()
    {
        string path = DicomCases.Path("frames.dcm");
        Assert.Contains("3 frames", Assert.Throws<ImageException>(() => ImageReader.Read(path)).Message);
        Assert.Contains("1 to 3", Assert.Throws<ImageException>(() => ImageReader.Read(path, new DicomOptions { Frame = 4 })).Message);
        Assert.Contains("one frame",
            Assert.Throws<ImageException>(() => ImageReader.Read(DicomCases.Path("native8.dcm"), new DicomOptions { Frame = 2 })).Message);
    }

    [Theory]
    [InlineData("0", "100", "")]
    [InlineData("x", "100", "")]
    [InlineData("50", "0.5", "LINEAR")]
    [InlineData("50", "0", "LINEAR_EXACT")]
    [InlineData("50", "100", "WAVY")]
    public void A_window_that_is_none_is_left_out_with_a_warning(string center, string width, string function)
    {
        DicomBuilder builder =
            new DicomBuilder().Text(0x00281050, "DS", center).Text(0x00281051, "DS", width).Text(0x00281056, "CS", function);
        if (center == "0")
            builder.Without(0x00281051);
        Radiograph read = builder.Read();
        Assert.Contains(read.Decisions,
            d => d is { Topic: "VOI", IsWarning: true } && d.Text.Contains("left out", StringComparison.Ordinal));
        // 8-bit values without a usable window are shown as stored; an unknown function leaves the window its usual one.
        Assert.Equal(function == "WAVY" ? 15 : 6, read.Samples[1]);
    }

    [Fact]
    public void A_slope_of_zero_is_left_out_with_a_warning() =>
        Assert.Contains(new DicomBuilder().Text(0x00281053, "DS", "0").Text(0x00281052, "DS", "1").Read().Decisions,
            d => d is { Topic: "modality LUT", IsWarning: true } && d.Text.Contains("rescale slope \"0\"", StringComparison.Ordinal));

    [Fact]
    public void Lying_lengths_are_refused_with_their_place()
    {
        byte[] file = new DicomBuilder().Bytes(0x00091001, "OB", new byte[8]).Build();
        int at = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[9, 0, 1, 0x10]);
        file[at + 10] = 0x7F;
        string message = Assert.Throws<ImageException>(() => ImageReader.Decode(file, "x")).Message;
        Assert.Contains($"(0009,1001) at byte {at} claims 8323080 bytes", message);
    }

    [Fact]
    public void Bottomless_sequences_are_refused()
    {
        byte[] level = [9, 0, 2, 0x10, (byte)'S', (byte)'Q', 0, 0, 255, 255, 255, 255, 254, 255, 0, 0xE0, 255, 255, 255, 255];
        byte[] nested = [.. Enumerable.Repeat(level, 50_000).SelectMany(b => b)];
        byte[] file = new DicomBuilder().Build();
        Assert.Contains("nested",
            Assert.Throws<ImageException>(() => ImageReader.Decode([.. file[..160], .. nested, .. file[160..]], "x")).Message);
    }

    [Fact]
    public void Of_an_element_that_appears_twice_the_first_counts()
    {
        byte[] file = new DicomBuilder().Build();
        int at = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0x28, 0, 0x10, 0]);
        byte[] twice = [.. file[..(at + 10)], .. file[at..]];
        twice[at + 18]++;
        Radiograph read = ImageReader.Decode(twice, "x");
        Assert.Equal(36, read.Height);
        Assert.Contains(read.Decisions, d => d.IsWarning && d.Text.Contains("Rows (0028,0010) appears twice", StringComparison.Ordinal));
    }

    [Fact]
    public void JPEG_data_of_another_size_than_the_header_states_is_refused()
    {
        foreach (string name in new[] { "lossless1_native12.dcm", "ls_native12.dcm", "jpeg_extended12.dcm" })
        {
            byte[] file = DicomCases.Bytes(name);
            int at = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0x28, 0, 0x10, 0]);
            file[at + 8]--;
            Assert.Contains("its header states 61 x 46 x 1, its JPEG data 61 x 47 x 1",
                Assert.Throws<ImageException>(() => ImageReader.Decode(file, "x")).Message);
        }
    }
}
