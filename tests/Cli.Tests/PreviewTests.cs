using CsCheck;
using LungSeg.Imaging;

namespace LungSeg.Cli.Tests;

public sealed class PreviewTests
{
    [Theory]
    [InlineData(90, 2)]
    [InlineData(75, 3)]
    [InlineData(20, 8)]
    public void A_JPEG_is_close_to_what_was_encoded(int quality, double bound)
    {
        foreach ((int width, int height) in ((int, int)[])[(157, 99), (160, 160)])
        {
            (Radiograph image, _) = SyntheticRadiograph.Draw(width, height, 3);
            byte[] grey = image.ToGrey8();
            Radiograph back = ImageReader.Decode(Preview.Jpeg(grey, width, height, quality), "preview");
            Assert.Equal((width, height, 1), (back.Width, back.Height, back.Channels));
            Assert.InRange(back.ToGrey8().Zip(grey, (a, b) => Math.Abs(a - b)).Average(), 0, bound);
        }
    }

    /// <summary>Where each new pixel stands for a whole number of old ones.</summary>
    [Fact]
    public void Shrinking_is_within_one_level_of_the_exact_mean() =>
        Gen.Select(Gen.Int[1, 60], Gen.Int[1, 60], Gen.Int[1, 8], Gen.Int[1, 8], Gen.Int).Sample(
            (width, height, across, down, seed) =>
            {
                byte[] large = new byte[width * across * height * down];
                new Random(seed).NextBytes(large);
                byte[] small = Preview.Shrink(large, width * across, height * down, width, height);
                for (int i = 0; i < small.Length; i++)
                {
                    double sum = 0;
                    for (int y = 0; y < down; y++)
                        for (int x = 0; x < across; x++)
                            sum += large[(i / width * down + y) * width * across + i % width * across + x];
                    Assert.InRange(small[i] - sum / (across * down), -1, 1);
                }
            },
            iter: 200);

    /// <summary>An even image stays even and a ramp a ramp, whatever the sizes: no pixel is left out or counted twice.</summary>
    [Fact]
    public void Shrinking_by_a_fraction_keeps_even_areas_and_slopes() =>
        Gen.Select(Gen.Int[2, 400], Gen.Int[2, 160], Gen.Byte).Sample(
            (size, small, level) =>
            {
                small = Math.Min(small, size);
                byte[] even = new byte[size * size];
                Array.Fill(even, level);
                Assert.All(Preview.Shrink(even, size, size, small, small), g => Assert.InRange(g - level, -1, 1));
                byte[] ramp = [.. Enumerable.Range(0, size * size).Select(i => (byte)(255 * (i % size) / (size - 1)))];
                byte[] shrunk = Preview.Shrink(ramp, size, size, small, small);
                double pixel = 255.0 / size;
                for (int x = 0; x < small; x++)
                    Assert.InRange(shrunk[x] - 255 * (x + 0.5) / small, -pixel - 1, pixel + 1);
            },
            iter: 200);

    [Fact]
    public void Nothing_is_enlarged()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Preview.Shrink(new byte[4], 2, 2, 3, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => Preview.Shrink(new byte[4], 2, 2, 2, 3));
    }

    [Fact]
    public void The_same_image_gives_the_same_file_from_any_number_of_threads()
    {
        (Radiograph image, _) = SyntheticRadiograph.Draw(300, 200, 5);
        byte[] grey = image.ToGrey8(), alone = Make();
        Parallel.For(0, 32, _ => Assert.Equal(alone, Make()));

        byte[] Make() => Preview.Jpeg(Preview.Shrink(grey, 300, 200, 160, 107), 160, 107, 75);
    }
}
