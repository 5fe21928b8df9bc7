using System.Buffers.Binary;
using System.IO.Hashing;
using BitMiracle.LibTiff.Classic;
using LungSeg.Imaging.Tests.Codecs;
using LungSeg.IO;

namespace LungSeg.Imaging.Tests;

public sealed class ImageReaderTests
{
    private static string Refusal(byte[] file) => Assert.Throws<ImageException>(() => ImageReader.Decode(file, "x.png")).Message;

    [Fact]
    public void A_missing_file_is_named()
    {
        FileException e = Assert.Throws<FileException>(() => ImageReader.Read("/nowhere/at all.png"));
        Assert.Equal("/nowhere/at all.png: no such file", e.Message);
    }

    [Fact]
    public void A_directory_is_not_an_image()
    {
        using TemporaryDirectory directory = new();
        Assert.Contains("is a directory", Assert.Throws<FileException>(() => ImageReader.Read(directory.Path)).Message);
    }

    [Fact]
    public void Names_with_spaces_and_letters_of_any_script_are_read_and_named()
    {
        using TemporaryDirectory directory = new();
        string path = directory.File("R\u00F6ntgen \u80F8\u90E8 \u0440\u0435\u043D\u0442\u0433\u0435\u043D 1.png");
        ImageWriter.WritePng(path, 40, 40, 1, new byte[1600]);
        Assert.Equal(path, ImageReader.Read(path).Name);
    }

    [Fact]
    public void An_empty_path_is_refused() => Assert.Throws<FileException>(() => ImageReader.Read(""));

    [Fact]
    public void An_empty_file_is_said_to_be_empty() => Assert.Equal("x.png: the file is empty", Refusal([]));

    [Theory]
    [InlineData("hello, this is not an image\n", "a text file")]
    [InlineData("BM is how this note begins, but it is a note", "a text file")]
    [InlineData("%PDF-1.7", "a PDF document")]
    [InlineData("RIFF....WEBPVP8 ", "a WebP image")]
    [InlineData("PK\u0003\u0004....", "a ZIP archive")]
    public void An_unknown_format_is_named_by_what_it_looks_like(string content, string name)
    {
        string message = Refusal(System.Text.Encoding.Latin1.GetBytes(content));
        Assert.Contains("DICOM, PNG, JPEG, JPEG 2000, BMP, TIFF, GIF expected", message);
        Assert.Contains(name, message);
    }

    [Fact]
    public void A_CMYK_JPEG_is_refused_by_name() =>
        Assert.Contains("CMYK", Refusal(File.ReadAllBytes(Repository.Data("read", "refused_cmyk.jpg"))));

    [Fact]
    public void The_extension_does_not_matter()
    {
        using TemporaryDirectory directory = new();
        File.Copy(Fixtures.All["grey.jpg"].Path, directory.File("really a JPEG.png"));
        Assert.StartsWith("JPEG", ImageReader.Read(directory.File("really a JPEG.png")).Description);
    }

    [Theory]
    [InlineData(0, 0, "too small")]
    [InlineData(1, 1, "too small")]
    [InlineData(4000, 31, "too small")]
    [InlineData(20000, 20000, "over the limit")]
    [InlineData(int.MaxValue, int.MaxValue, "over the limit")]
    public void A_size_out_of_bounds_is_refused_from_the_header(int width, int height, string why)
    {
        byte[] png = Fixtures.All["grey8.png"].Bytes;
        BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(16), width);
        BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(20), height);
        BinaryPrimitives.WriteUInt32BigEndian(png.AsSpan(29), Crc32.HashToUInt32(png.AsSpan(12, 17)));
        Assert.Contains(why, Refusal(png));

        byte[] bmp = Fixtures.All["grey8.bmp"].Bytes;
        BinaryPrimitives.WriteInt32LittleEndian(bmp.AsSpan(18), width);
        BinaryPrimitives.WriteInt32LittleEndian(bmp.AsSpan(22), height);
        Assert.Contains(why, Refusal(bmp));
        if (width > ushort.MaxValue)
            return;

        byte[] jpeg = Fixtures.All["grey.jpg"].Bytes;
        int frame = jpeg.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC0]);
        BinaryPrimitives.WriteUInt16BigEndian(jpeg.AsSpan(frame + 5), (ushort)height);
        BinaryPrimitives.WriteUInt16BigEndian(jpeg.AsSpan(frame + 7), (ushort)width);
        Assert.Contains(why, Refusal(jpeg));
    }

    [Theory]
    [InlineData("grey.jpg")]
    [InlineData("grey_restart.jpg")]
    [InlineData("grey_progressive.jpg")]
    [InlineData("colour_2x2.jpg")]
    [InlineData("grey12.jpg")]
    public void A_cut_JPEG_with_an_end_mark_put_back_is_refused(string name)
    {
        byte[] whole = Fixtures.All[name].Bytes;
        int scan = whole.AsSpan().LastIndexOf((ReadOnlySpan<byte>)[0xFF, 0xDA]) + 20;
        for (int length = scan; length < whole.Length - 40; length += Math.Max(1, (whole.Length - scan) / 20))
            Assert.ThrowsAny<ImageException>(
                () => ImageReader.Decode([.. whole[..length], 0xFF, 0xD9], $"{name} cut at {length} of {whole.Length}"));
    }

    [Theory]
    [InlineData("grey.jpg")]
    [InlineData("grey_progressive.jpg")]
    public void Stray_bytes_between_JPEG_segments_are_skipped_with_a_warning(string name)
    {
        byte[] whole = Fixtures.All[name].Bytes;
        int at = 4 + BinaryPrimitives.ReadUInt16BigEndian(whole.AsSpan(4));
        Radiograph read = ImageReader.Decode([.. whole[..at], 0, 7, 0xFF, 0, 0, .. whole[at..]], name);
        Assert.True(ImageReader.Decode(whole, name).Samples.SequenceEqual(read.Samples));
        Assert.Contains(read.Decisions, d => d.IsWarning && d.Text.StartsWith("5 bytes", StringComparison.Ordinal));
    }

    [Fact]
    public void A_PNG_whose_data_ends_early_is_refused()
    {
        byte[] png = Fixtures.All["grey8.png"].Bytes;
        BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(20), 38);
        BinaryPrimitives.WriteUInt32BigEndian(png.AsSpan(29), Crc32.HashToUInt32(png.AsSpan(12, 17)));
        Assert.Contains("ends before the last row", Refusal(png));
    }

    [Fact]
    public void A_wrong_checksum_in_a_PNG_is_refused()
    {
        byte[] png = Fixtures.All["grey8.png"].Bytes;
        png[60] ^= 1;
        Assert.Contains("checksum", Refusal(png));
    }

    [Fact]
    public void Sixteen_bits_become_eight_by_their_high_byte()
    {
        Fixture expected = Fixtures.All["grey16.png"];
        byte[] bytes = ImageReader.Read(expected.Path).To8Bit();
        Assert.Equal(expected.Samples.Select(s => (byte)(s >> 8)), bytes);
    }

    [Fact]
    public void Grey_is_repeated_where_RGB_is_asked_for()
    {
        Radiograph image = ImageReader.Read(Fixtures.All["grey8.png"].Path);
        byte[] grey = image.To8Bit(), rgb = image.ToRgb8();
        for (int i = 0; i < grey.Length; i++)
            Assert.True(rgb[3 * i] == grey[i] && rgb[3 * i + 1] == grey[i] && rgb[3 * i + 2] == grey[i]);
    }

    [Fact]
    public void Of_an_animation_the_first_image_is_read_and_the_others_are_told()
    {
        byte[] png = ImageWriter.EncodePng(40, 40, 1, new byte[1600]);
        byte[] chunk = [.. "acTL"u8, 0, 0, 0, 3, 0, 0, 0, 0], sum = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(sum, Crc32.HashToUInt32(chunk));
        byte[] animated = [.. png[..33], 0, 0, 0, 8, .. chunk, .. sum, .. png[33..]];
        Decision decision = Assert.Single(ImageReader.Decode(animated, "a.png").Decisions);
        Assert.True(decision.IsWarning);
        Assert.Contains("first of 3", decision.Text);
        Assert.Empty(ImageReader.Decode(png, "p.png").Decisions);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    public void Of_several_TIFF_pages_the_first_is_read_and_the_others_are_told(int pages, int decisions)
    {
        using TemporaryDirectory directory = new();
        using (Tiff tiff = Tiff.Open(directory.File("p.tif"), "w"))
            for (int page = 0; page < pages; page++)
            {
                foreach ((TiffTag tag, int value) in (ReadOnlySpan<(TiffTag, int)>)[(TiffTag.IMAGEWIDTH, 40), (TiffTag.IMAGELENGTH, 36),
                    (TiffTag.BITSPERSAMPLE, 8), (TiffTag.SAMPLESPERPIXEL, 1), (TiffTag.PHOTOMETRIC, (int)Photometric.MINISBLACK),
                    (TiffTag.ROWSPERSTRIP, 36)])
                    tiff.SetField(tag, value);
                for (int y = 0; y < 36; y++)
                    tiff.WriteScanline([.. Enumerable.Repeat((byte)(10 * page + 7), 40)], y);
                tiff.WriteDirectory();
            }
        Radiograph image = ImageReader.Read(directory.File("p.tif"));
        Assert.Equal(decisions, image.Decisions.Count(d => d.IsWarning && d.Topic == "pages"));
        Assert.All(image.Samples.ToArray(), s => Assert.Equal(7, s));
    }
}
