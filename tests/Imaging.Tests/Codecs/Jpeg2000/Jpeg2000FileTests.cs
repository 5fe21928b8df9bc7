using System.Buffers.Binary;

namespace LungSeg.Imaging.Tests.Codecs.Jpeg2000;

/// <summary>JP2 boxes round codestreams of the fixtures: how components become colours.</summary>
public sealed class Jpeg2000FileTests
{
    private static readonly byte[] Signature = [0, 0, 0, 12, .. "jP  "u8, 13, 10, 0x87, 10];

    [Theory]
    [InlineData("grey12.j2k", 1, 16, "JPEG 2000, 12-bit grey, reversible")]
    [InlineData("grey2.j2k", 1, 8, "JPEG 2000, 2-bit grey, reversible")]
    [InlineData("signed12.j2k", 1, 16, "JPEG 2000, 12-bit grey, reversible")]
    [InlineData("rgb8.jp2", 3, 8, "JPEG 2000, 8-bit colour, reversible")]
    [InlineData("rgb8_97.j2k", 3, 8, "JPEG 2000, 8-bit colour, irreversible")]
    [InlineData("alpha.jp2", 3, 8, "JPEG 2000, 8-bit colour, reversible")]
    public void A_file_becomes_an_image_of_full_range(string name, int channels, int depth, string description)
    {
        byte[] file = Jpeg2000Cases.All[name].Bytes;
        Radiograph image = ImageReader.Decode(file, name);
        Assert.Equal((channels, depth, description), (image.Channels, image.BitDepth, image.Description));
        Assert.Equal(name == "alpha.jp2", image.Decisions.Any(d => d.Topic == "alpha"));
        LungSeg.Imaging.Codecs.Jpeg2000.Plane[] planes = Jpeg2000Cases.Decode(file);
        int highest = (1 << planes[0].Size.Bits) - 1;
        for (int i = 0; i < image.Samples.Length; i++)
        {
            LungSeg.Imaging.Codecs.Jpeg2000.Plane plane = planes[i % channels];
            int value = plane[i / channels] + (plane.Size.IsSigned ? 1 << plane.Size.Bits - 1 : 0);
            Assert.Equal((value * (long)image.MaxValue + highest / 2) / highest, image.Samples[i]);
        }
    }

    [Fact]
    public void A_palette_becomes_colour()
    {
        byte[] entries = [.. Enumerable.Range(0, 4).SelectMany(i => new[] { (byte)(10 * i), (byte)(255 - i), (byte)(3 * i + 1) })];
        byte[] file = Wrap("grey2.j2k", Box("colr", [1, 0, 0, 0, 0, 0, 16]), Box("pclr", [0, 4, 3, 7, 7, 7, .. entries]),
            Box("cmap", [0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 1, 2]));
        Radiograph image = ImageReader.Decode(file, "palette");
        ushort[] indices = Jpeg2000Cases.Decode(Jpeg2000Cases.All["grey2.j2k"].Bytes)[0].Samples;
        Assert.Equal((3, 8, "JPEG 2000, 8-bit palette, reversible"), (image.Channels, image.BitDepth, image.Description));
        Assert.Equal(indices.SelectMany(i => new[] { (ushort)entries[3 * i], entries[3 * i + 1], entries[3 * i + 2] }),
            image.Samples.ToArray());
    }

    [Fact]
    public void Channel_definitions_order_colours_and_name_opacity()
    {
        ushort[] plain = ImageReader.Decode(Wrap("rgb8.j2k", Box("colr", [1, 0, 0, 0, 0, 0, 16])), "x").Samples.ToArray();
        byte[] reversed = [0, 3, 0, 0, 0, 0, 0, 3, 0, 1, 0, 0, 0, 2, 0, 2, 0, 0, 0, 1];
        ushort[] turned = ImageReader.Decode(Wrap("rgb8.j2k", Box("colr", [1, 0, 0, 0, 0, 0, 16]), Box("cdef", reversed)), "x")
            .Samples.ToArray();
        for (int i = 0; i < plain.Length; i += 3)
            Assert.Equal((plain[i], plain[i + 1], plain[i + 2]), (turned[i + 2], turned[i + 1], turned[i]));
        byte[] opacity = [0, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 2, 0, 2, 0, 0];
        Radiograph grey = ImageReader.Decode(Wrap("rgb12_plain.j2k", Box("colr", [1, 0, 0, 0, 0, 0, 17]), Box("cdef", opacity)), "x");
        Assert.Equal(1, grey.Channels);
        Assert.Contains(grey.Decisions, d => d.Topic == "alpha");
    }

    [Fact]
    public void Luminance_and_chrominance_become_colour_subsampled_too()
    {
        byte[] file = Jpeg2000Cases.All["subsampled.j2k"].Bytes;
        Radiograph image = ImageReader.Decode(Wrap("subsampled.j2k", Box("colr", [1, 0, 0, 0, 0, 0, 18])), "x");
        LungSeg.Imaging.Codecs.Jpeg2000.Plane[] planes = Jpeg2000Cases.Decode(file);
        Assert.Contains(image.Decisions, d => d.Text == "sYCC");
        for (int y = 0; y < image.Height; y++)
            for (int x = 0; x < image.Width; x++)
            {
                int i = y * image.Width + x, luminance = planes[0].Samples[i], cr = planes[2].Samples[y / 2 * 31 + x / 2] - 128;
                Assert.Equal(Math.Clamp(luminance + (int)(1.402 * cr), 0, 255), image.Samples[3 * i]);
            }
    }

    [Theory]
    [InlineData(12, "CMYK")]
    [InlineData(14, "CIELab")]
    [InlineData(99, "colour space 99")]
    public void A_colour_space_that_is_not_read_is_named(int space, string name) =>
        Assert.Contains(name, Refusal(Wrap("alpha.j2k", Box("colr", [1, 0, 0, 0, 0, 0, (byte)space]))));

    [Fact]
    public void The_colour_space_of_a_profile_counts()
    {
        byte[] profile = new byte[128];
        "GRAY"u8.CopyTo(profile.AsSpan(16));
        Assert.Equal(1, ImageReader.Decode(Wrap("rgb12_plain.j2k", Box("colr", [2, 0, 0, .. profile])), "x").Channels);
        "CMYK"u8.CopyTo(profile.AsSpan(16));
        Assert.Contains("CMYK", Refusal(Wrap("alpha.j2k", Box("colr", [2, 0, 0, .. profile]))));
    }

    [Fact]
    public void A_header_that_contradicts_the_codestream_is_told()
    {
        byte[] file = Jpeg2000Cases.All["grey12.jp2"].Bytes;
        int at = file.AsSpan().IndexOf("ihdr"u8);
        file[at + 7]++;
        Decision warning = Assert.Single(ImageReader.Decode(file, "x").Decisions, d => d.IsWarning);
        Assert.Contains("61 x 48 x 1, the codestream 61 x 47 x 1, which counts", warning.Text);
    }

    [Fact]
    public void A_file_that_ends_before_its_codestream_is_refused()
    {
        byte[] file = Jpeg2000Cases.All["grey12.jp2"].Bytes;
        for (int length = 12; length < file.Length - 2; length += length < 120 ? 1 : 97)
            Assert.ThrowsAny<ImageException>(() => ImageReader.Decode(file[..length], "x"));
        Assert.Contains(ImageReader.Decode(file[..^2], "x").Decisions, d =>
            d.IsWarning && d.Text.Contains("end mark", StringComparison.Ordinal));
    }

    private static string Refusal(byte[] file) => Assert.Throws<ImageException>(() => ImageReader.Decode(file, "x")).Message;

    private static byte[] Wrap(string name, params byte[][] boxes)
    {
        byte[] code = Jpeg2000Cases.All[name].Bytes;
        byte[] header = [.. code[12..16], .. code[8..12], .. code[40..42], 255, 7, 0, 0];
        return [.. Signature, .. Box("ftyp", [.. "jp2 "u8, 0, 0, 0, 0, .. "jp2 "u8]),
            .. Box("jp2h", [.. Box("ihdr", header), .. boxes.SelectMany(b => b)]), .. Box("jp2c", code)];
    }

    private static byte[] Box(string type, byte[] body)
    {
        byte[] length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, body.Length + 8);
        return [.. length, .. System.Text.Encoding.ASCII.GetBytes(type), .. body];
    }
}
