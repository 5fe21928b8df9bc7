namespace LungSeg.Imaging.Tests.Dicom;

public sealed class DicomDecodingTests
{
    public static TheoryData<string> Names => [.. DicomCases.All.Keys];

    public static TheoryData<string> Files => [.. DicomCases.Files];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_file_shows_the_expected_samples(string name)
    {
        DicomCase expected = DicomCases.All[name];
        Radiograph image = ImageReader.Read(DicomCases.Path(expected.File), expected.Options);
        Assert.Equal((expected.Width, expected.Height, expected.Channels, expected.Bits),
            (image.Width, image.Height, image.Channels, image.BitDepth));
        ReadOnlySpan<ushort> samples = image.Samples;
        int worst = 0;
        for (int i = 0; i < samples.Length; i++)
            worst = Math.Max(worst, Math.Abs(samples[i] - expected.Samples[i]));
        Assert.True(worst <= expected.Tolerance, $"{name}: largest difference {worst}, {expected.Tolerance} allowed");
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void A_cut_file_is_refused_or_whole(string file)
    {
        DicomCase expected = DicomCases.All.Values.First(c => c.File == file);
        ushort[] whole = ImageReader.Read(DicomCases.Path(file), expected.Options).Samples.ToArray();
        byte[] bytes = DicomCases.Bytes(file);
        for (int length = 0; length < bytes.Length; length += length < bytes.Length - 24 ? Math.Max(1, bytes.Length / 97) : 1)
        {
            try
            {
                // Only marks and padding behind the pixels may be lacking.
                Radiograph image = ImageReader.Decode(bytes[..length], "cut", expected.Options);
                Assert.True(length >= bytes.Length - 24, $"{length} of {bytes.Length} bytes were taken for a whole file");
                Assert.Equal(whole, image.Samples.ToArray());
            }
            catch (ImageException e)
            {
                Assert.DoesNotContain('\n', e.Message);
            }
        }
    }
}
