using System.Buffers.Binary;
using System.Diagnostics;
using BitMiracle.LibTiff.Classic;
using CsCheck;

namespace LungSeg.Imaging.Tests.Codecs;

/// <summary>TIFF files that LibTiff.NET writes here, and damaged ones. The reader sees their directory and segments itself.</summary>
public sealed class TiffTests
{
    private const int Width = 70, Height = 45;

    public static TheoryData<string, int, bool> Layouts()
    {
        TheoryData<string, int, bool> all = [];
        foreach (Compression compression in (Compression[])[
            Compression.NONE, Compression.PACKBITS, Compression.LZW, Compression.DEFLATE, Compression.ADOBE_DEFLATE])
            foreach (int bits in (int[])[1, 4, 8, 16])
                foreach (bool tiled in (bool[])[false, true])
                    all.Add(compression.ToString(), bits, tiled);
        foreach (Compression fax in (Compression[])[Compression.CCITTRLE, Compression.CCITTFAX3, Compression.CCITTFAX4])
            all.Add(fax.ToString(), 1, false);
        all.Add(nameof(Compression.JPEG), 8, false);
        all.Add(nameof(Compression.JPEG), 8, true);
        return all;
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Each_coding_gives_the_samples_that_were_written(string compression, int bits, bool tiled)
    {
        Radiograph image = ImageReader.Decode(Write(compression, bits, tiled), "t.tif");
        Assert.Equal((Width, Height, 1, bits == 16 ? 16 : 8), (image.Width, image.Height, image.Channels, image.BitDepth));
        int tolerance = compression == nameof(Compression.JPEG) ? 12 : 0;
        for (int i = 0; i < Width * Height; i++)
        {
            int expected = bits >= 8 ? Sample(i % Width, i / Width, bits) : Sample(i % Width, i / Width, bits) * 255 / ((1 << bits) - 1);
            Assert.True(Math.Abs(expected - image.Samples[i]) <= tolerance, $"pixel {i}: {expected} expected, {image.Samples[i]} found");
        }
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void A_segment_that_ends_early_is_refused_wherever_it_ends(string compression, int bits, bool tiled)
    {
        byte[] whole = Write(compression, bits, tiled);
        (int entry, int count) = Entry(whole, tiled ? 325 : 279);
        List<int> accepted = [];
        // The last segment's length, in the entry itself where there is only one.
        int place = count == 1 ? entry + 8 : BinaryPrimitives.ReadInt32LittleEndian(whole.AsSpan(entry + 8)) + 4 * (count - 1);
        int bytes = BinaryPrimitives.ReadInt32LittleEndian(whole.AsSpan(place));
        int step = Math.Max(1, bytes / 60);
        // The last byte or two may be padding or a checksum behind the last pixel.
        for (int cut = 0; cut < bytes - 12; cut += step)
        {
            byte[] file = [.. whole];
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(place), cut);
            if (Refusal(file) is null)
                accepted.Add(cut);
        }
        Assert.Empty(accepted);
    }

    [Fact]
    public void Palettes_planes_white_is_zero_and_reversed_bits_are_read()
    {
        byte[] palette = Write("LZW", 8, false, photometric: Photometric.PALETTE);
        Assert.Equal(3, ImageReader.Decode(palette, "p.tif").Channels);
        byte[] white = Write("CCITTFAX4", 1, false, photometric: Photometric.MINISWHITE);
        Assert.Equal(255 * (1 - Sample(3, 2, 1)), ImageReader.Decode(white, "w.tif").Samples[2 * Width + 3]);
        byte[] reversed = Write("NONE", 1, false, fillOrder: FillOrder.LSB2MSB);
        Assert.Equal(255 * Sample(9, 2, 1), ImageReader.Decode(reversed, "r.tif").Samples[2 * Width + 9]);
    }

    [Theory]
    [InlineData("tiff-138-bytes.tif", "")]
    [InlineData("tiff-188-bytes.tif", "")]
    [InlineData("lzw-short.tif", "ends after")]
    [InlineData("strip-one-of-64.tif", "1 of 64 strips")]
    [InlineData("strips4-offset-zero.tif", "is not there")]
    [InlineData("tile-one-of-16.tif", "1 of 16 tiles")]
    public void A_file_with_holes_or_claims_beyond_its_bytes_is_refused_quickly(string name, string why)
    {
        byte[] file = File.ReadAllBytes(Repository.Data("abuse", name));
        Refusal(file);
        long before = GC.GetAllocatedBytesForCurrentThread();
        var clock = Stopwatch.StartNew();
        string? message = Refusal(file);
        Assert.NotNull(message);
        Assert.Contains(why, message);
        Assert.True(clock.ElapsedMilliseconds < 1000, $"{clock.ElapsedMilliseconds} ms");
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20, $"{GC.GetAllocatedBytesForCurrentThread() - before} bytes");
    }

    [Fact]
    public void A_huge_image_that_its_bytes_cannot_hold_takes_no_memory()
    {
        foreach (Compression compression in (Compression[])[
            Compression.NONE, Compression.PACKBITS, Compression.LZW, Compression.DEFLATE, Compression.JPEG])
        {
            byte[] file = Write(compression.ToString(), 8, false);
            foreach (int tag in (int[])[256, 257])
                BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(Entry(file, tag).At + 8), 10_000);
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(Entry(file, 278).At + 8), 10_000);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Assert.NotNull(Refusal(file));
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20, compression.ToString());
        }
    }

    [Fact]
    public void A_changed_directory_is_read_or_refused_within_its_size()
    {
        byte[][] files = [.. Layouts().Select(row => Write((string)row.Data.Item1, row.Data.Item2, row.Data.Item3))];
        Gen.Select(Gen.Int[0, files.Length - 1], Gen.Int[0, 19], Gen.UInt, Gen.Int[0, 3],
            (file, entry, value, part) => (file, entry, value, part)).Sample(
            c =>
            {
                byte[] file = [.. files[c.file]];
                int at = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(4)),
                    entries = BinaryPrimitives.ReadInt16LittleEndian(file.AsSpan(at));
                int entry = at + 2 + 12 * (c.entry % entries);
                // A tag, a type, a count or a value is another; small numbers are met more often than large ones.
                uint value = c.value >> (int)(c.value % 32);
                if (c.part < 2)
                    BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(entry + 2 * c.part),
                        c.part == 0 ? (ushort)(256 + value % 100) : (ushort)(value % 20));
                else
                    BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(entry + 4 * (c.part - 1)), value);
                var clock = Stopwatch.StartNew();
                long before = GC.GetAllocatedBytesForCurrentThread();
                Refusal(file);
                Assert.True(clock.ElapsedMilliseconds < 3000);
                Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1500L << 20);
            },
            iter: int.TryParse(Environment.GetEnvironmentVariable("LUNGSEG_FUZZ_CASES"), out int cases) ? cases : 3000, threads: 1);
    }

    private static int Sample(int x, int y, int bits) => bits switch
    {
        1 => (x / 9 + y / 7) % 2,
        4 => (x / 3 + y) % 16,
        8 => 40 + x + 2 * y,
        _ => 500 * x + 300 * y,
    };

    private static byte[] Write(string compression, int bits, bool tiled, Photometric photometric = Photometric.MINISBLACK,
        FillOrder fillOrder = FillOrder.MSB2LSB)
    {
        using TemporaryDirectory directory = new();
        using (Tiff tiff = Tiff.Open(directory.File("t.tif"), "wl"))
        {
            ReadOnlySpan<(TiffTag, object)> fields =
            [
                (TiffTag.IMAGEWIDTH, Width), (TiffTag.IMAGELENGTH, Height), (TiffTag.BITSPERSAMPLE, bits), (TiffTag.SAMPLESPERPIXEL, 1),
                (TiffTag.COMPRESSION, Enum.Parse<Compression>(compression)), (TiffTag.PHOTOMETRIC, photometric),
                (TiffTag.FILLORDER, fillOrder),
            ];
            foreach ((TiffTag tag, object value) in fields)
                tiff.SetField(tag, value);
            if (photometric == Photometric.PALETTE)
            {
                ushort[] map = [.. Enumerable.Range(0, 256).Select(i => (ushort)(i * 257))];
                tiff.SetField(TiffTag.COLORMAP, map, map, map);
            }
            if (bits >= 8 && compression is "LZW" or "ADOBE_DEFLATE")
                tiff.SetField(TiffTag.PREDICTOR, bits >= 8 ? Predictor.HORIZONTAL : Predictor.NONE);
            (int w, int h) = tiled ? (32, 16) : (Width, 10);
            if (tiled)
            {
                tiff.SetField(TiffTag.TILEWIDTH, w);
                tiff.SetField(TiffTag.TILELENGTH, h);
            }
            else
            {
                tiff.SetField(TiffTag.ROWSPERSTRIP, compression == "JPEG" ? 16 : h);
                h = compression == "JPEG" ? 16 : h;
            }
            int index = 0;
            for (int y = 0; y < Height; y += h)
                for (int x = 0; x < Width; x += w, index++)
                {
                    byte[] segment = Segment(x, y, w, tiled ? h : Math.Min(h, Height - y), bits);
                    if (tiled)
                        tiff.WriteEncodedTile(index, segment, segment.Length);
                    else
                        tiff.WriteEncodedStrip(index, segment, segment.Length);
                }
        }
        return File.ReadAllBytes(directory.File("t.tif"));
    }

    private static byte[] Segment(int left, int top, int width, int height, int bits)
    {
        int stride = (width * bits + 7) / 8;
        byte[] rows = new byte[stride * height];
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
            {
                int value = Sample(left + x, top + y, bits), bit = x * bits;
                if (bits == 16)
                    BinaryPrimitives.WriteUInt16LittleEndian(rows.AsSpan(y * stride + 2 * x), (ushort)value);
                else
                    rows[y * stride + bit / 8] |= (byte)(value << 8 - bits - bit % 8);
            }
        return rows;
    }

    private static (int At, int Count) Entry(byte[] file, int tag)
    {
        int at = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(4)), entries = BinaryPrimitives.ReadInt16LittleEndian(file.AsSpan(at));
        for (int entry = at + 2; entry < at + 2 + 12 * entries; entry += 12)
            if (BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(entry)) == tag)
                return (entry, BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(entry + 4)));
        throw new InvalidOperationException($"the file has no tag {tag}");
    }

    private static string? Refusal(byte[] file)
    {
        try
        {
            ImageReader.Decode(file, "t.tif");
            return null;
        }
        catch (ImageException e)
        {
            Assert.DoesNotContain('\n', e.Message);
            return e.Message;
        }
    }
}
