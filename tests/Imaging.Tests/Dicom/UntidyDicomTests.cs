using System.Text;
using LungSeg.Imaging.Dicom;

namespace LungSeg.Imaging.Tests.Dicom;

/// <summary>Files whose attributes are there but unusable are read, with a warning, as the next choice in the chain says.</summary>
public sealed class UntidyDicomTests
{
    private const uint WindowCenter = 0x00281050, WindowWidth = 0x00281051, VoiLutFunction = 0x00281056, NumberOfFrames = 0x00280008,
        RescaleSlope = 0x00281053, RescaleIntercept = 0x00281052, PresentationLutShape = 0x20500020;

    private static ushort[] Plain { get; } = Twelve().Read().Samples.ToArray();

    [Theory]
    [InlineData("0", "0")]
    [InlineData("2048", null)]
    [InlineData(null, "4096")]
    [InlineData("2048,5", "4096")]
    [InlineData("2048", "4096,0")]
    [InlineData("", "")]
    [InlineData("a\\b", "c\\d")]
    [InlineData("0\\1", "0\\-1")]
    public void An_unusable_window_leaves_minimum_to_maximum(string? center, string? width)
    {
        DicomBuilder builder = Twelve();
        if (center is not null)
            builder.Text(WindowCenter, "DS", center);
        if (width is not null)
            builder.Text(WindowWidth, "DS", width);
        Assert.Equal(Plain, Warned(builder, center == "" ? null : "VOI").Samples.ToArray());
    }

    [Theory]
    [InlineData("0\\512", "0\\1024")]
    [InlineData("x\\512", "100\\1024")]
    [InlineData("\\512", "\\1024")]
    public void The_second_window_counts_where_the_first_is_unusable(string centers, string widths)
    {
        ushort[] expected = Twelve().Text(WindowCenter, "DS", "512").Text(WindowWidth, "DS", "1024").Read().Samples.ToArray();
        Assert.Equal(expected, Warned(Twelve().Text(WindowCenter, "DS", centers).Text(WindowWidth, "DS", widths), "VOI").Samples.ToArray());
    }

    [Fact]
    public void Lower_case_is_read_as_capitals()
    {
        DicomBuilder Windowed(string function) =>
            Twelve().Text(WindowCenter, "DS", "512").Text(WindowWidth, "DS", "1024").Text(VoiLutFunction, "CS", function);
        Assert.Equal(Windowed("SIGMOID").Read().Samples.ToArray(), Warned(Windowed("sigmoid"), "data set").Samples.ToArray());
        Assert.Equal(Twelve().Text(PresentationLutShape, "CS", "INVERSE").Read().Samples.ToArray(),
            Warned(Twelve().Text(PresentationLutShape, "CS", "inverse"), "data set").Samples.ToArray());
        Assert.Equal(Plain, Warned(Twelve().Text(0x00280004, "CS", "monochrome2"), "data set").Samples.ToArray());
    }

    [Theory]
    [InlineData(0x00283010u, "VOI")]
    [InlineData(0x00283000u, "modality LUT")]
    public void A_table_that_cannot_be_used_is_left_out(uint sequence, string topic)
    {
        byte[] even = Table(4096, 16, _ => 7), cut = Table(100, 16, i => (ushort)i, entries: 20), descriptor = Table(8, 40, i => (ushort)i);
        foreach (byte[] item in (byte[][])[[], even, cut, descriptor])
            Assert.Equal(Plain, Warned(Twelve().Bytes(sequence, "SQ", Item(item)), topic).Samples.ToArray());
    }

    [Theory]
    [InlineData("0", "1")]
    [InlineData("1,5", "0")]
    [InlineData("x", "y")]
    public void A_rescale_that_makes_no_scale_is_left_out(string slope, string intercept) =>
        Assert.Equal(Plain, Warned(Twelve().Text(RescaleSlope, "DS", slope).Text(RescaleIntercept, "DS", intercept), "modality LUT")
            .Samples.ToArray());

    [Fact]
    public void A_table_that_states_more_bits_than_its_entries_have_ends_at_its_own_maximum()
    {
        Radiograph read = Warned(Twelve().Bytes(0x00283010, "SQ", Item(Table(4096, 16, i => (ushort)i))), "lookup table");
        Radiograph stated = Twelve().Bytes(0x00283010, "SQ", Item(Table(4096, 12, i => (ushort)i))).Read();
        Assert.Equal(stated.Samples.ToArray(), read.Samples.ToArray());
        Assert.DoesNotContain(stated.Decisions, d => d.Topic == "lookup table");
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("x")]
    [InlineData("1.5")]
    public void An_unusable_number_of_frames_is_one_frame(string frames) =>
        Assert.Equal(Plain, Warned(Twelve().Text(NumberOfFrames, "IS", frames), "frame").Samples.ToArray());

    [Theory]
    [InlineData("  ", 2)]
    [InlineData("??", 2)]
    [InlineData("\0\0", 2)]
    [InlineData("ZZ", 4)]
    public void An_unknown_value_representation_is_read_by_the_length_that_it_must_have(string vr, int lengthBytes)
    {
        byte[] file = Twelve().Build();
        int at = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xE0, 0x7F, 0x10, 0]);
        byte[] element = [0x28, 0, 0x20, 1, .. Encoding.Latin1.GetBytes(vr), .. lengthBytes == 2 ? new byte[] { 2, 0 }
            : [0, 0, 2, 0, 0, 0], 0, 0];
        Radiograph read = ImageReader.Decode([.. file[..at], .. element, .. file[at..]], "x");
        Assert.Contains(read.Decisions, d => d.IsWarning && d.Text.Contains("unknown value representation", StringComparison.Ordinal));
        // The element is Pixel Padding Value, 0.
        Assert.Contains(read.Decisions, d => d.Topic == "padding");
    }

    [Fact]
    public void The_meta_group_ends_where_its_length_says()
    {
        byte[] file = Twelve().Build();
        byte[] group = file[132..file.AsSpan().IndexOf((ReadOnlySpan<byte>)[8, 0, 0x16, 0])];
        byte[] length = [2, 0, 0, 0, .. "UL"u8, 4, 0, (byte)group.Length, 0, 0, 0];
        foreach (byte[] meta in (byte[][])[[.. length, .. group, .. length, .. group], [.. length, .. group]])
        {
            Radiograph read = ImageReader.Decode([.. file[..132], .. meta, .. file[(132 + group.Length)..]], "x");
            Assert.Equal(Plain, read.Samples.ToArray());
            Assert.Equal(meta.Length == 2 * (length.Length + group.Length),
                read.Decisions.Any(d => d.IsWarning && d.Text.Contains("group 0002", StringComparison.Ordinal)));
        }
        // A length of 0 is wrong: the transfer syntax would be left out.
        byte[] wrong = [.. length];
        wrong[8] = 0;
        Assert.Equal(Plain, ImageReader.Decode([.. file[..132], .. wrong, .. group, .. file[(132 + group.Length)..]], "x")
            .Samples.ToArray());
    }

    [Fact]
    public void Bits_above_the_stated_ones_warn_unless_they_are_an_overlay_or_a_sign()
    {
        DicomBuilder Above(bool signed) => Twelve(i => (ushort)(i * 2 | (i % 3 == 0 ? 0xF000 : 0)), signed);
        Assert.Contains("480 of 1440 values", Warned(Above(false), "pixels").Decisions.First(d => d.Topic == "pixels" && d.IsWarning).Text);
        Assert.DoesNotContain(Twelve().Read().Decisions, d => d.Topic == "pixels" && d.IsWarning);
        DicomBuilder overlay = Above(false);
        for (int bit = 12; bit < 16; bit++)
            overlay.Words((uint)(0x60000102 + (bit - 12 << 17)), bit);
        Assert.DoesNotContain(overlay.Read().Decisions, d => d.Topic == "pixels" && d.IsWarning);
        Assert.DoesNotContain(Twelve(i => (ushort)(short)(i - 700), signed: true).Read().Decisions,
            d => d.Topic == "pixels" && d.IsWarning);
    }

    [Theory]
    [InlineData("1.2.840.10008.5.1.4.1.1.66.4", "segmentation")]
    [InlineData("1.2.840.10008.5.1.4.1.1.88.33", "structured report")]
    [InlineData("1.2.840.10008.5.1.4.1.1.11.1", "presentation state")]
    [InlineData("1.2.840.10008.5.1.4.1.1.104.1", "encapsulated document")]
    [InlineData("1.2.840.10008.5.1.4.1.1.7", null)]
    [InlineData("1.2.840.10008.5.1.4.1.1.1", null)]
    [InlineData("", null)]
    public void What_is_no_acquired_image_is_told_by_its_SOP_class(string uid, string? kind)
    {
        using TemporaryDirectory directory = new();
        File.WriteAllBytes(directory.File("x"), Twelve().Text(0x00080016, "UI", uid).Build());
        Assert.Equal(("DICOM", kind), ImageReader.Recognize(directory.File("x")));
        DicomOptions options = new() { ImagesOnly = true };
        if (kind is not null)
            Assert.Contains(kind, Assert.Throws<ImageException>(() => ImageReader.Read(directory.File("x"), options)).Message);
        else
            ImageReader.Read(directory.File("x"), options);
    }

    [Fact]
    public void A_capture_of_our_own_is_no_acquired_image_and_another_one_is()
    {
        DicomBuilder Capture(string manufacturer, string uid) => Twelve().Text(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.7")
            .Text(0x00080018, "UI", uid).Text(0x00080070, "LO", manufacturer).Text(0x00080008, "CS", "DERIVED\\SECONDARY");
        Assert.Contains("capture",
            Assert.Throws<ImageException>(() => Capture("LungSeg", "2.25.1234").ReadWith(new() { ImagesOnly = true })).Message);
        Capture("Film scanner", "2.25.1234").ReadWith(new() { ImagesOnly = true });
        Capture("LungSeg", "1.2.3").ReadWith(new() { ImagesOnly = true });
    }

    /// <summary>A 12-bit image of 40 x 36 pixels without any VOI.</summary>
    private static DicomBuilder Twelve(Func<int, ushort>? value = null, bool signed = false)
    {
        value ??= i => (ushort)(i * 2 + 100);
        byte[] pixels = [.. Enumerable.Range(0, 36 * 40).SelectMany(i => BitConverter.GetBytes(value(i)))];
        return new DicomBuilder().Words(0x00280100, 16).Words(0x00280101, 12).Words(0x00280102, 11).Words(0x00280103, signed ? 1 : 0)
            .Bytes(0x7FE00010, "OW", pixels);
    }

    private static byte[] Item(byte[] content) => [0xFE, 0xFF, 0, 0xE0, .. BitConverter.GetBytes(content.Length), .. content];

    private static byte[] Table(int count, int bits, Func<int, ushort> entry, int? entries = null)
    {
        byte[] data = [.. Enumerable.Range(0, entries ?? count).SelectMany(i => BitConverter.GetBytes(entry(i)))];
        return [0x28, 0, 2, 0x30, .. "US"u8, 6, 0, (byte)count, (byte)(count >> 8), 0, 0, (byte)bits, 0, 0x28, 0, 6, 0x30, .. "OW"u8, 0, 0,
            .. BitConverter.GetBytes(data.Length), .. data];
    }

    private static Radiograph Warned(DicomBuilder builder, string? topic)
    {
        Radiograph read = builder.Read();
        if (topic is not null)
            Assert.Contains(read.Decisions, d => d.IsWarning && d.Topic == topic);
        return read;
    }
}
