using LungSeg.Imaging.Codecs.Jpeg;
using LungSeg.Imaging.Dicom;
using LungSeg.Imaging.Dicom.Codecs;
using LungSeg.Tests.Fuzzing;

namespace LungSeg.Imaging.Tests.Dicom;

/// <summary>
/// The coded frames of good files, damaged from fixed seeds and given to their decoders without the file round them: what comes is
/// pixels or a refusal in one line, and little memory. LUNGSEG_FUZZ_CASES sets the number of cases.
/// </summary>
public sealed class CodecFuzzTests
{
    private const int DefaultCases = 4000;
    private const long MaximumAllocation = 16L << 20;
    private static readonly byte[] Telling = [0, 1, 0x7F, 0x80, 0xD0, 0xD9, 0xDA, 0xC0, 0xC2, 0xC4, 0xFE, 0xFF];

    [Theory]
    [InlineData("ls_", nameof(JpegLs))]
    [InlineData("rle_", nameof(RunLength))]
    [InlineData("lossless", nameof(JpegLossless))]
    [InlineData("sv1_", nameof(JpegLossless))]
    [InlineData("jpeg_", nameof(JpegLossy))]
    public void Damaged_frames_are_decoded_or_refused(string files, string codec)
    {
        int cases = int.TryParse(Environment.GetEnvironmentVariable("LUNGSEG_FUZZ_CASES"), out int asked) ? asked : DefaultCases;
        (byte[] Coded, ImagePixel Image)[] frames =
            [.. DicomCases.Files.Where(f => f.StartsWith(files, StringComparison.Ordinal)).Select(f => FrameOf(DicomCases.Bytes(f)))];
        int decoded = 0, refused = 0;
        for (int seed = 0; seed < cases; seed++)
        {
            Random random = new(seed);
            (byte[] coded, ImagePixel image) = frames[seed % frames.Length];
            byte[] damaged = Damage.Of(coded, random, Telling, head: 200, tail: 60);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Exception? error = Record.Exception(() => Decode(codec, damaged, image));
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(error is null or ImageException, $"{codec}, seed {seed}: {error}");
            Assert.True(error is null || !error.Message.AsSpan().ContainsAnyInRange('\0', '\x1F'),
                $"{codec}, seed {seed}: {error?.Message}");
            Assert.True(allocated < MaximumAllocation, $"{codec}, seed {seed}: {allocated} bytes allocated for {damaged.Length}");
            _ = error is null ? decoded++ : refused++;
        }
        TestContext.Current.SendDiagnosticMessage($"{codec}: {cases} damaged frames, {decoded} decoded, {refused} refused");
        // A fuzzer whose every case is refused at the door, or none, tests nothing.
        Assert.InRange(decoded, cases / 50, cases);
        Assert.InRange(refused, cases / 50, cases);
    }

    private static (byte[] Coded, ImagePixel Image) FrameOf(byte[] file)
    {
        DecisionLog log = new();
        DicomFile dicom = DicomFile.Read(file, log);
        ImagePixel image = ImagePixel.Read(dicom.DataSet, log);
        return (Fragments.ReadFrame(dicom, 1, image.Frames, log), image);
    }

    private static void Decode(string codec, byte[] coded, ImagePixel image)
    {
        switch (codec)
        {
            case nameof(JpegLs):
                JpegLs.Decode(coded, image);
                break;
            case nameof(RunLength):
                RunLength.Decode(coded, image);
                break;
            case nameof(JpegLossless):
                JpegLossless.Decode(coded, image);
                break;
            default:
                JpegStructure jpeg = JpegStructure.Read(coded);
                // A damaged header may ask for any size, up to the limit of images.
                if ((long)jpeg.Width * jpeg.Height < 1 << 18)
                    JpegLossy.Decode(coded, image with { Columns = jpeg.Width, Rows = jpeg.Height, Samples = jpeg.Components.Length });
                break;
        }
    }
}
