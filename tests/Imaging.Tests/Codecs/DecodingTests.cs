using CsCheck;

namespace LungSeg.Imaging.Tests.Codecs;

public sealed class DecodingTests
{
    public static TheoryData<string> Names => [.. Fixtures.All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void An_image_is_decoded_to_the_expected_samples(string name)
    {
        Fixture expected = Fixtures.All[name];
        Radiograph image = ImageReader.Read(expected.Path);
        Assert.Equal((expected.Width, expected.Height, expected.Bits), (image.Width, image.Height, image.BitDepth));
        Assert.Equal(expected.Channels, image.Channels);
        ReadOnlySpan<ushort> samples = image.Samples;
        int worst = 0;
        for (int i = 0; i < samples.Length; i++)
            worst = Math.Max(worst, Math.Abs(samples[i] - expected.Samples[i]));
        Assert.True(worst <= expected.Tolerance, $"{name}: largest difference {worst}, {expected.Tolerance} allowed");
    }

    /// <summary>PNG, BMP and TIFF in strips, all whole. ImageSharp turns no TIFF upright.</summary>
    public static TheoryData<string> IndependentlyReadNames =>
        [.. Fixtures.All.Keys.Where(name => Path.GetExtension(name) != ".jpg" && !name.Contains("tiled", StringComparison.Ordinal)
            && name != "orientation6.tif")];

    [Theory]
    [MemberData(nameof(IndependentlyReadNames))]
    public void ImageSharp_reads_the_same_samples(string name)
    {
        Radiograph image = ImageReader.Read(Fixtures.All[name].Path);
        (int width, int height, ushort[] samples) = IndependentReader.Read(Fixtures.All[name].Bytes, image.Channels, image.BitDepth);
        Assert.Equal((image.Width, image.Height), (width, height));
        // Of a TIFF palette's 16 bits ImageSharp rounds, and libtiff, as we, take the upper eight.
        int bound = name == "palette8.tif" ? 1 : 0;
        Assert.All(samples.Zip(image.Samples.ToArray()), pair => Assert.InRange(pair.First - pair.Second, -bound, bound));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_cut_file_is_refused_wherever_it_is_cut(string name)
    {
        byte[] whole = Fixtures.All[name].Bytes;
        int step = Math.Max(1, whole.Length / 150);
        List<string> accepted = [];
        for (int length = 0; length < whole.Length; length += length < 64 ? 1 : step)
            if (!IsRefused(whole[..length]))
                accepted.Add($"{length} of {whole.Length}");
        if (!IsRefused(whole[..^1]))
            accepted.Add($"all but one byte of {whole.Length}");
        Assert.Empty(accepted);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_damaged_file_is_decoded_or_refused_but_never_crashes(string name)
    {
        byte[] whole = Fixtures.All[name].Bytes;
        Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Byte, (at, value) => (at, value)).Array[1, 6].Sample(
            changes =>
            {
                byte[] damaged = (byte[])whole.Clone();
                foreach ((int at, byte value) in changes)
                    damaged[at] = value;
                IsRefused(damaged);
            },
            iter: 60, threads: 1);
    }

    private static bool IsRefused(byte[] file)
    {
        try
        {
            ImageReader.Decode(file, "cut");
            return false;
        }
        catch (ImageException e)
        {
            Assert.DoesNotContain('\n', e.Message);
            return true;
        }
    }
}
