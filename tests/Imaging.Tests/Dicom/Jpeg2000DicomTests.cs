using LungSeg.Imaging.Codecs.Jpeg2000;
using LungSeg.Imaging.Dicom;
using LungSeg.Imaging.Tests.Codecs.Jpeg2000;

namespace LungSeg.Imaging.Tests.Dicom;

/// <summary>JPEG 2000 in DICOM: transfer syntaxes, fragments, and attributes that the codestream contradicts.</summary>
public sealed class Jpeg2000DicomTests
{
    private const string Lossless = "1.2.840.10008.1.2.4.90", Lossy = "1.2.840.10008.1.2.4.91";
    private const uint PixelData = 0x7FE00010, Photometric = 0x00280004, Samples = 0x00280002, Signed = 0x00280103, Frames = 0x00280008,
        ExtendedOffsets = 0x7FE00001;

    [Theory]
    [InlineData("grey12.j2k", Lossless, "JPEG 2000 lossless", false)]
    [InlineData("grey16.j2k", Lossless, "JPEG 2000 lossless", false)]
    [InlineData("lossy53.j2k", Lossy, "JPEG 2000", false)]
    [InlineData("resolutions_2_97.j2k", Lossy, "JPEG 2000", true)]
    [InlineData("signed12.j2k", Lossless, "JPEG 2000 lossless", false)]
    [InlineData("signed16_97.j2k", Lossy, "JPEG 2000", true)]
    public void Stored_values_are_those_of_the_codestream(string name, string syntax, string said, bool lossy)
    {
        Plane plane = Jpeg2000Cases.Decode(Jpeg2000Cases.All[name].Bytes)[0];
        Radiograph image = Image(name, syntax).ReadWith(new DicomOptions { Voi = Voi.None });
        Assert.DoesNotContain(image.Decisions, d => d.IsWarning && d.Topic is "pixels" or "compression" or "codestream");
        Assert.Contains(said, image.Description);
        Assert.Equal(lossy, image.Dicom!.IsLossy);
        int highest = (1 << plane.Size.Bits) - 1, shift = plane.Size.IsSigned ? 1 << plane.Size.Bits - 1 : 0;
        for (int i = 0; i < image.Samples.Length; i++)
            Assert.Equal((int)((plane[i] + shift) / (double)highest * 65535 + 0.5), image.Samples[i]);
    }

    [Theory]
    [InlineData("rgb8.j2k", "YBR_RCT", false)]
    [InlineData("rgb8_97.j2k", "YBR_ICT", false)]
    [InlineData("rgb8.j2k", "RGB", true)]
    [InlineData("rgb8.j2k", "YBR_FULL", true)]
    [InlineData("alpha.j2k", "YBR_RCT", false)]
    public void Colours_come_out_red_green_and_blue(string name, string photometric, bool warned)
    {
        Plane[] planes = Jpeg2000Cases.Decode(Jpeg2000Cases.All[name].Bytes);
        Radiograph image = Image(name, Lossless).Words(Samples, 3).Text(Photometric, "CS", photometric).Words(0x00280006, 0).Read();
        Assert.Equal(3, image.Channels);
        Assert.Equal(warned, image.Decisions.Any(d => d.IsWarning && d.Text.Contains("colour transform", StringComparison.Ordinal)));
        for (int i = 0; i < image.Samples.Length; i++)
            Assert.Equal(planes[i % 3].Samples[i / 3], image.Samples[i]);
    }

    [Fact]
    public void Without_a_colour_transform_attributes_say_what_components_are()
    {
        // RGB as it is; luminance and chrominance converted; YBR_RCT contradicted.
        byte[] code = Uncoupled();
        Plane[] planes = Jpeg2000Cases.Decode(code);
        foreach ((string photometric, bool converted, bool warned) in (ReadOnlySpan<(string, bool, bool)>)[("RGB", false, false),
            ("YBR_FULL", true, false), ("YBR_RCT", false, true)])
        {
            Radiograph image = Image("rgb8.j2k", Lossless).Fragment(code).Words(Samples, 3).Text(Photometric, "CS", photometric)
                .Words(0x00280006, 0).Read();
            Assert.Equal(!converted, image.Samples[0] == planes[0].Samples[0] && image.Samples[1] == planes[1].Samples[0]);
            Assert.Equal(warned, image.Decisions.Any(d =>
                d.IsWarning && d.Text.Contains("states a colour transform", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public void Where_signs_bits_or_components_disagree_the_codestream_counts_with_a_warning()
    {
        Radiograph unsigned = Image("signed12.j2k", Lossless).ReadWith(new DicomOptions { Voi = Voi.None });
        Radiograph denied = Image("signed12.j2k", Lossless).Words(Signed, 0).ReadWith(new DicomOptions { Voi = Voi.None });
        Assert.Equal(unsigned.Samples.ToArray(), denied.Samples.ToArray());
        Assert.Contains(denied.Decisions, d =>
            d.IsWarning && d.Text == "unsigned values are stated, the codestream has signed ones, which counts");

        Radiograph plain = Image("grey12.j2k", Lossless).ReadWith(new DicomOptions { Voi = Voi.None });
        foreach (int stored in (int[])[10, 16])
        {
            Radiograph other = Image("grey12.j2k", Lossless).Words(0x00280101, stored).Words(0x00280102, stored - 1)
                .ReadWith(new DicomOptions { Voi = Voi.None });
            Assert.Equal(plain.Samples.ToArray(), other.Samples.ToArray());
            Assert.Contains(other.Decisions, d =>
                d.IsWarning && d.Text == $"{stored} bits stored are stated, the codestream has 12, which counts");
        }

        Radiograph grey = Image("grey8.j2k", Lossless).Words(Samples, 3).Text(Photometric, "CS", "RGB").Read();
        Assert.Equal(1, grey.Channels);
        Assert.Contains(grey.Decisions, d => d.IsWarning && d.Text == "3 samples per pixel are stated, the codestream has 1, which counts");
        Radiograph colour = Image("rgb8.j2k", Lossless).Read();
        Assert.Equal(3, colour.Channels);
        Assert.Contains(colour.Decisions, d =>
            d.IsWarning && d.Text == "1 samples per pixel are stated, the codestream has 3, which counts");
    }

    [Fact]
    public void Another_size_than_the_header_s_is_refused() =>
        Assert.Contains("its header states 61 x 46, its JPEG 2000 data 61 x 47",
            Image("grey12.j2k", Lossless).Words(0x00280010, 46).Refusal());

    [Theory]
    [InlineData("grey12.jp2", Lossless, "a JP2 file in place of a codestream")]
    [InlineData("grey12.j2k", "1.2.840.10008.1.2.4.70", "read as such")]
    public void Frames_of_another_kind_than_stated_are_read_with_a_warning(string name, string syntax, string said)
    {
        ushort[] expected = Image("grey12.j2k", Lossless).Read().Samples.ToArray();
        Radiograph image = Image(name, syntax).Read();
        Assert.Equal(expected, image.Samples.ToArray());
        Assert.Contains(image.Decisions, d => d.IsWarning && d.Text.Contains(said, StringComparison.Ordinal));
    }

    /// <summary>
    /// Three frames, the second of several fragments: told apart by an offset table, an extended one, or the start marks of codestreams.
    /// </summary>
    [Theory]
    [InlineData("basic")]
    [InlineData("extended")]
    [InlineData("none")]
    public void A_frame_of_several_fragments_is_found(string table)
    {
        byte[][] frames = [.. ((string[])["grey12.j2k", "lossy53.j2k", "causal.j2k"]).Select(n => Jpeg2000Cases.All[n].Bytes)];
        List<byte[]> fragments = [frames[0], frames[1][..200], frames[1][200..302], frames[1][302..], frames[2]];
        List<byte> pixels = [];
        long[] offsets = new long[3];
        for (int i = 0; i < fragments.Count; i++)
        {
            if (i is 0 or 1 or 4)
                offsets[i == 4 ? 2 : i] = pixels.Count;
            byte[] padded = fragments[i].Length % 2 == 0 ? fragments[i] : [.. fragments[i], 0];
            pixels.AddRange([0xFE, 0xFF, 0, 0xE0, .. BitConverter.GetBytes(padded.Length), .. padded]);
        }
        byte[] basic = table == "basic" ? [.. offsets.SelectMany(o => BitConverter.GetBytes((int)o))] : [];
        DicomBuilder builder = Image("grey12.j2k", Lossless).Text(Frames, "IS", "3")
            .Bytes(PixelData, "OB",
                [0xFE, 0xFF, 0, 0xE0, .. BitConverter.GetBytes(basic.Length), .. basic, .. pixels, 0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
        if (table == "extended")
            builder.Bytes(ExtendedOffsets, "OV", [.. offsets.SelectMany(BitConverter.GetBytes)]);
        for (int frame = 1; frame <= 3; frame++)
        {
            ushort[] samples = builder.ReadWith(new DicomOptions { Frame = frame, Voi = Voi.None }).Samples.ToArray();
            string alone = frame == 2 ? "lossy53.j2k" : "grey12.j2k";
            Assert.Equal(Image(alone, Lossless).ReadWith(new DicomOptions { Voi = Voi.None }).Samples.ToArray(), samples);
        }
    }

    [Fact]
    public void A_frame_that_is_cut_off_is_refused()
    {
        byte[] code = Jpeg2000Cases.All["grey12.j2k"].Bytes;
        for (int length = 0; length < code.Length - 2; length += 53)
            Assert.ThrowsAny<ImageException>(() => Image("grey12.j2k", Lossless).Fragment(code[..length]).Read());
        Radiograph image = Image("grey12.j2k", Lossless).Fragment(code[..^2]).Read();
        Assert.Contains(image.Decisions, d => d.IsWarning && d.Text == "the codestream ends without its end mark");
    }

    [Fact]
    public void A_film_of_the_field_whose_SOP_class_is_empty_is_read()
    {
        string field = Path.GetFullPath(Path.Combine(Repository.Root, "..", "shared", "field"));
        Assert.SkipUnless(File.Exists(Path.Combine(field, "j2k-empty-sop-class.dcm")), $"no {field}");
        Radiograph film = ImageReader.Read(Path.Combine(field, "j2k-empty-sop-class.dcm"));
        Assert.Equal(ImageReader.Read(Path.Combine(field, "base.dcm")).Samples.ToArray(), film.Samples.ToArray());
    }

    private static DicomBuilder Image(string name, string syntax)
    {
        Plane[] planes = Jpeg2000Cases.Decode(Jpeg2000Cases.All[name].Bytes);
        (int bits, bool signed, _, _) = planes[0].Size;
        return new DicomBuilder().Syntax(syntax).Words(0x00280010, planes[0].Area.Height).Words(0x00280011, planes[0].Area.Width)
            .Words(0x00280100, bits > 8 ? 16 : 8).Words(0x00280101, bits).Words(0x00280102, bits - 1).Words(Signed, signed ? 1 : 0)
            .Fragment(Jpeg2000Cases.All[name].Bytes);
    }

    /// <summary>
    /// The colour fixture with its transform denied in the coding style, so that its components are not red, green and blue.
    /// </summary>
    private static byte[] Uncoupled()
    {
        byte[] code = Jpeg2000Cases.All["rgb8.j2k"].Bytes;
        code[code.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0x52]) + 8] = 0;
        return code;
    }
}
