using CsCheck;
using LungSeg.IO;

namespace LungSeg.Imaging.Tests;

public sealed class ImageWriterTests
{
    [Fact]
    public void What_is_written_is_read_back()
    {
        using TemporaryDirectory directory = new();
        string path = directory.File("a.png");
        Gen.Select(Gen.Int[32, 70], Gen.Int[32, 70], Gen.Bool.Select(b => b ? 3 : 1), Gen.Bool.Select(b => b ? 16 : 8), Gen.Int).Sample(
            (width, height, channels, bits, seed) =>
            {
                Random random = new(seed);
                ushort[] samples = new ushort[width * height * channels];
                for (int i = 0; i < samples.Length; i++)
                    samples[i] = (ushort)(i % 3 == 0 ? random.Next(1 << bits) : i & (1 << bits) - 1);
                ImageWriter.WritePng(path, new Radiograph(width, height, channels, bits, samples));
                Radiograph back = ImageReader.Read(path);
                Assert.Equal((width, height, channels, bits), (back.Width, back.Height, back.Channels, back.BitDepth));
                Assert.True(back.Samples.SequenceEqual(samples));
            },
            iter: 60, threads: 1);
        Assert.Equal([path], Directory.GetFiles(directory.Path));
    }

    [Fact]
    public void A_mask_is_written_as_0_and_255()
    {
        using TemporaryDirectory directory = new();
        byte[] pixels = [.. Enumerable.Range(0, 40 * 33).Select(i => (byte)(i % 7 / 4))];
        ImageWriter.WritePng(directory.File("m.png"), new LungMask(40, 33, pixels));
        Radiograph back = ImageReader.Read(directory.File("m.png"));
        Assert.Equal(pixels.Select(p => (byte)(p * 255)), back.To8Bit());
        Assert.True(LungMask.FromImage(back).Pixels.SequenceEqual(pixels));
    }

    [Fact]
    public void A_missing_directory_is_named()
    {
        using TemporaryDirectory directory = new();
        string path = directory.File("no/such/a.png");
        FileException e = Assert.Throws<FileException>(() => ImageWriter.WritePng(path, 32, 32, 1, new byte[1024]));
        Assert.Contains($"the directory {directory.File("no/such")} does not exist", e.Message);
    }

    [Fact]
    public void A_directory_in_place_of_the_file_is_refused()
    {
        using TemporaryDirectory directory = new();
        Assert.Contains("is a directory",
            Assert.Throws<FileException>(() => ImageWriter.WritePng(directory.Path, 32, 32, 1, new byte[1024])).Message);
    }
}
