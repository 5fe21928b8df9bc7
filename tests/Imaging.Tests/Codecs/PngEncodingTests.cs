using System.IO.Compression;
using CsCheck;
using LungSeg.Imaging.Codecs;

namespace LungSeg.Imaging.Tests.Codecs;

public sealed class PngEncodingTests
{
    [Fact]
    public void Checksums_are_zlib_s_and_join()
    {
        byte[] bytes = new byte[20_000];
        new Random(1).NextBytes(bytes);
        bytes.AsSpan(3000, 9000).Fill(255);
        using MemoryStream stream = new();
        using (ZLibStream zlib = new(stream, CompressionLevel.NoCompression, leaveOpen: true))
            zlib.Write(bytes);
        byte[] packed = stream.ToArray();
        uint stated = (uint)(packed[^4] << 24 | packed[^3] << 16 | packed[^2] << 8 | packed[^1]);
        Assert.Equal(stated, Adler32.Of(bytes));
        foreach (int cut in (int[])[0, 1, 5551, 5552, 9999, 20_000])
            Assert.Equal(stated, Adler32.Join(Adler32.Of(bytes.AsSpan(0, cut)), Adler32.Of(bytes.AsSpan(cut)), bytes.Length - cut));
    }

    [Theory]
    [InlineData(1500, 1200, 1, 8)]
    [InlineData(700, 900, 3, 8)]
    [InlineData(600, 1000, 1, 16)]
    [InlineData(40, 33, 3, 16)]
    public void An_image_of_several_bands_is_read_back_by_us_and_by_ImageSharp(int width, int height, int channels, int bits)
    {
        Random random = new(width);
        ushort[] samples = new ushort[width * height * channels];
        for (int i = 0; i < samples.Length; i++)
            samples[i] = (ushort)(i / 3 % 7 == 0 ? random.Next(1 << bits) : i / width & (1 << bits) - 1);
        Radiograph image = new(width, height, channels, bits, samples);
        using MemoryStream stream = new();
        ImageWriter.WritePng(stream, image);
        Assert.True(ImageReader.Decode(stream.ToArray(), "png").Samples.SequenceEqual(samples));
        Assert.Equal(samples, IndependentReader.Read(stream.ToArray(), channels, bits).Samples);
    }

    [Fact]
    public void The_filter_with_the_smallest_bytes_is_chosen()
    {
        const int Width = 97, Pixel = 3, Stride = Width * Pixel;
        Random random = new(2);
        byte[] rows = new byte[Stride * 4];
        random.NextBytes(rows.AsSpan(0, Stride));
        rows.AsSpan(0, Stride).CopyTo(rows.AsSpan(Stride));
        for (int i = 2 * Stride; i < 3 * Stride; i++)
            rows[i] = (byte)(200 + i % Pixel);
        byte[] filtered = PngFilter.Choose(rows, Stride, Pixel, 0, 4);
        Assert.Equal([2, 1, 0], [filtered[Stride + 1], filtered[2 * (Stride + 1)], filtered[3 * (Stride + 1)]]);
    }

    /// <summary>All sizes of a pixel, rows from one pixel on.</summary>
    [Fact]
    public void All_five_filters_are_undone() =>
        Gen.Select(Gen.Int[0, 4], Gen.OneOf([.. ((int[])[1, 2, 3, 4, 6, 8]).Select(Gen.Const)]), Gen.Int[1, 60], Gen.Int).Sample(
            (kind, pixel, width, seed) =>
            {
                Random random = new(seed);
                byte[] above = new byte[width * pixel], row = new byte[above.Length], coded = new byte[above.Length];
                random.NextBytes(above);
                random.NextBytes(row);
                for (int i = 0; i < row.Length; i++)
                {
                    int a = i < pixel ? 0 : row[i - pixel], b = above[i], c = i < pixel ? 0 : above[i - pixel], p = a + b - c;
                    int nearest = new[] { a, b, c }.MinBy(v => Math.Abs(p - v));
                    coded[i] = (byte)(row[i] - kind switch { 0 => 0, 1 => a, 2 => b, 3 => (a + b) / 2, _ => nearest });
                }
                PngFilter.Undo(kind, coded, above, pixel);
                Assert.Equal(row, coded);
            },
            iter: 3000);
}
