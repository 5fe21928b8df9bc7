using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using LungSeg.Imaging.Codecs.Jpeg;
using LungSeg.Imaging.Outputs;
using LungSeg.Imaging.Tests.Dicom;

namespace LungSeg.Imaging.Tests.Codecs;

/// <summary>Small files that claim much take no memory for it, and images with missing parts are refused, whatever the format.</summary>
public sealed class ResourceTests
{
    private const long Little = 2 << 20;

    [Fact]
    public void A_PNG_whose_data_cannot_hold_its_size_takes_no_memory() =>
        Assert.Contains("ends before the last row", RefusalWithin(Little, Resized(Fixtures.All["grey8.png"].Bytes, 10_000, 10_000)));

    [Fact]
    public void A_PNG_with_more_data_than_its_size_needs_is_refused()
    {
        byte[] png = Fixtures.All["grey8.png"].Bytes, body = new byte[4 << 20];
        byte[] name = [.. "IDAT"u8], length = new byte[4], sum = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, body.Length);
        BinaryPrimitives.WriteUInt32BigEndian(sum, Crc32.HashToUInt32([.. name, .. body]));
        int end = png.Length - 12;
        Assert.Contains("larger than", RefusalWithin(Little, [.. png[..end], .. length, .. name, .. body, .. sum, .. png[end..]]));
    }

    [Fact]
    public void A_progressive_JPEG_without_its_last_scans_is_refused()
    {
        byte[] whole = Fixtures.All["grey_progressive.jpg"].Bytes;
        List<int> scans = [];
        for (int at = 0; at + 1 < whole.Length; at++)
            if (whole[at] == 0xFF && whole[at + 1] == 0xDA)
                scans.Add(at);
        Assert.True(scans.Count > 2);
        foreach (int scan in scans.Skip(1))
            Assert.NotEmpty(RefusalWithin(Little, [.. whole[..scan], 0xFF, 0xD9]));
    }

    // The zlib format has a bit for it, which no image has set: zlib asks for the dictionary, and .NET throws something of its own.
    [Theory]
    [InlineData("grey8.png")]
    [InlineData("grey16_deflate.tif")]
    public void Deflated_data_that_wants_a_dictionary_is_refused(string name)
    {
        byte[] file = Fixtures.All[name].Bytes;
        int start = Enumerable.Range(0, file.Length).First(i => file[i] == 0x78 && file[i + 1] is 0x9C or 0xDA);
        (file[start], file[start + 1]) = (0x78, 0x20);
        if (name.EndsWith(".png", StringComparison.Ordinal)) FileFuzzTests.WithChecksums(file);
        Assert.Contains("damaged", RefusalWithin(Little, file));
    }

    [Fact]
    public void A_JPEG_whose_height_comes_after_its_first_scan_is_refused()
    {
        byte[] file = Fixtures.All["grey.jpg"].Bytes;
        int frame = FrameOf(file);
        (file[frame + 5], file[frame + 6]) = (0, 0);
        Assert.Contains("height before its first scan", RefusalWithin(Little, file));
    }

    // The readers of files and of DICOM compare its size before; no other caller may get further, either.
    [Fact]
    public void A_JPEG_without_a_width_is_not_decoded()
    {
        byte[] file = Fixtures.All["grey.jpg"].Bytes;
        int frame = FrameOf(file);
        (file[frame + 7], file[frame + 8]) = (0, 0);
        Assert.Contains("width is 0", Assert.Throws<ImageException>(() => JpegDecoder.Decode(file, JpegStructure.Read(file))).Message);
        Assert.Contains("too small", RefusalWithin(Little, file));
    }

    private static int FrameOf(byte[] jpeg) => Enumerable.Range(0, jpeg.Length).First(i => jpeg[i] == 0xFF && jpeg[i + 1] is 0xC0 or 0xC1);

    [Theory]
    [InlineData(40 << 20, "inflates to more than")]
    [InlineData(8 << 20, null)]
    public void A_deflated_DICOM_file_is_inflated_no_further_than_its_header_can_need(int extra, string? why)
    {
        byte[] plain = new DicomBuilder().Syntax("1.2.840.10008.1.2.1.99").Build();
        int start = 132 + 8 + BinaryPrimitives.ReadUInt16LittleEndian(plain.AsSpan(132 + 6));
        using MemoryStream file = new();
        file.Write(plain.AsSpan(0, start));
        using (DeflateStream deflated = new(file, CompressionLevel.Fastest, leaveOpen: true))
        {
            deflated.Write(plain.AsSpan(start));
            deflated.Write(new byte[extra]);
        }
        if (why is null)
            Assert.Equal(40, ImageReader.Decode(file.ToArray(), "x.dcm").Width);
        else
            Assert.Contains(why, RefusalWithin(48 << 20, file.ToArray()));
    }

    [Fact]
    public void A_NumPy_header_is_bounded()
    {
        using TemporaryDirectory directory = new();
        byte[] file = [0x93, .. "NUMPY"u8, 2, 0, 0, 0, 0x10, 0, .. new byte[1 << 21]];
        File.WriteAllBytes(directory.File("a.npy"), file);
        Assert.Contains("header claims", Assert.Throws<ImageException>(() => NumPyFile.Read(directory.File("a.npy"))).Message);
    }

    private static byte[] Resized(byte[] png, int width, int height)
    {
        BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(16), width);
        BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(20), height);
        BinaryPrimitives.WriteUInt32BigEndian(png.AsSpan(29), Crc32.HashToUInt32(png.AsSpan(12, 17)));
        return png;
    }

    private static string RefusalWithin(long bytes, byte[] file)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        string message = Assert.Throws<ImageException>(() => ImageReader.Decode(file, "x")).Message;
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, bytes);
        return message;
    }
}
