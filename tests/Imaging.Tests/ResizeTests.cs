using System.IO.Hashing;
using CsCheck;

namespace LungSeg.Imaging.Tests;

public sealed class ResizeTests
{
    [Fact]
    public void Bytes_are_resized_as_OpenCV_does_bit_for_bit()
    {
        foreach (string[] row in OpenCvCases.Rows("resizes.tsv"))
        {
            uint seed = OpenCvCases.Number(row[0]);
            OpenCvCases d = new(seed);
            (int w, int h, int c) = (d.Between(1, 150), d.Between(1, 150), 1 + 2 * d.Below(2));
            (int tw, int th) = (d.Between(1, 150), d.Between(1, 150));
            if (seed % 10 <= 1)
                (w, h) = (2 * tw, seed % 10 == 0 ? 2 * th : th);
            byte[] source = new byte[w * h * c];
            for (int i = 0; i < source.Length; i++)
                source[i] = (byte)d.Below(256);
            Assert.Equal(row[1], $"{Crc32.HashToUInt32(source):x8}");
            byte[] resized = OpenCvResize.Linear(source, w, h, c, tw, th);
            Assert.True(row[2] == $"{Crc32.HashToUInt32(resized):x8}", $"seed {seed}: {w} x {h} x {c} to {tw} x {th}");
        }
    }

    private static readonly Gen<(int W, int H, int C, int ToW, int ToH, int Seed)> Sizes =
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 40], Gen.Int[1, 3], Gen.Int[1, 70], Gen.Int[1, 70], Gen.Int);

    [Fact]
    public void Floats_are_resized_by_the_bilinear_formula() => Sizes.Sample(
        (w, h, c, tw, th, seed) =>
        {
            Random random = new(seed);
            float[] source = [.. Enumerable.Range(0, w * h * c).Select(_ => random.NextSingle())];
            float[] resized = BilinearResize.Resize(source, w, h, c, tw, th);
            for (int y = 0; y < th; y++)
                for (int x = 0; x < tw; x++)
                    for (int k = 0; k < c; k++)
                        Assert.Equal(Formula(source, w, h, c, (x + 0.5) * w / tw - 0.5, (y + 0.5) * h / th - 0.5, k),
                            resized[(y * tw + x) * c + k], 1e-4);
        },
        iter: 60);

    [Fact]
    public void Resizing_bytes_and_floats_agree_to_one_level() => Sizes.Sample(
        (w, h, c, tw, th, seed) =>
        {
            byte[] source = new byte[w * h * c];
            new Random(seed).NextBytes(source);
            byte[] bytes = OpenCvResize.Linear(source, w, h, c, tw, th);
            float[] floats = BilinearResize.Resize(Array.ConvertAll(source, b => (float)b), w, h, c, tw, th);
            for (int i = 0; i < bytes.Length; i++)
                Assert.InRange(bytes[i] - floats[i], -1.01f, 1.01f);
        },
        iter: 60);

    [Fact]
    public void A_source_of_the_wrong_length_is_refused()
    {
        Assert.Throws<ArgumentException>(() => OpenCvResize.Linear(new byte[5], 2, 2, 1, 3, 3));
        Assert.Throws<ArgumentException>(() => BilinearResize.Resize(new float[5], 2, 2, 1, 3, 3));
    }

    private static double Formula(float[] source, int w, int h, int c, double x, double y, int k)
    {
        (x, y) = (Math.Clamp(x, 0, w - 1), Math.Clamp(y, 0, h - 1));
        (int x0, int y0) = ((int)x, (int)y);
        (int x1, int y1) = (Math.Min(x0 + 1, w - 1), Math.Min(y0 + 1, h - 1));
        double At(int column, int row) => source[(row * w + column) * c + k];
        double upper = At(x0, y0) + (At(x1, y0) - At(x0, y0)) * (x - x0), lower = At(x0, y1) + (At(x1, y1) - At(x0, y1)) * (x - x0);
        return upper + (lower - upper) * (y - y0);
    }
}
