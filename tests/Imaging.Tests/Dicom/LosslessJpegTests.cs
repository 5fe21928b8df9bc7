using CsCheck;
using LungSeg.Imaging.Dicom;

namespace LungSeg.Imaging.Tests.Dicom;

public sealed class LosslessJpegTests
{
    private static readonly Gen<(int Width, int Height, int Precision, int Predictor, int Shift, int RestartRows, int Seed)> Grey =
        Gen.Select(Gen.Int[32, 50], Gen.Int[32, 45], Gen.Int[2, 16], Gen.Int[1, 7], Gen.Int[0, 1], Gen.Int[0, 9], Gen.Int[0, 1 << 30]);

    [Fact]
    public void What_was_encoded_is_decoded_for_every_depth_predictor_and_restart_interval() => Grey.Sample(
        g =>
        {
            ushort[] samples = Draw(g.Width * g.Height, g.Precision, g.Shift, g.Seed);
            byte[] coded = new LosslessJpegEncoder(g.Width, g.Height, 1, g.Precision, g.Predictor, g.Shift, g.RestartRows)
                .Encode(samples, interleaved: true);
            int allocated = g.Precision > 8 ? 16 : 8, white = (1 << allocated) - 1, highest = (1 << g.Precision) - 1;
            Radiograph image = Builder(g.Width, g.Height).Words(0x00280100, allocated).Words(0x00280101, g.Precision)
                .Words(0x00280102, g.Precision - 1).Fragment(coded).ReadWith(new DicomOptions { Voi = Voi.None });
            return image.Samples.SequenceEqual(Array.ConvertAll(samples, s => (ushort)((double)s / highest * white + 0.5)));
        },
        iter: 150, threads: 1);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Colour_is_decoded_from_one_scan_or_three(bool interleaved)
    {
        ushort[] samples = Draw(40 * 36 * 3, 8, 0, 5);
        byte[] coded = new LosslessJpegEncoder(40, 36, 3, 8, 7, 0, 4).Encode(samples, interleaved);
        Radiograph image = Builder(40, 36).Words(0x00280002, 3).Text(0x00280004, "CS", "RGB").Fragment(coded).Read();
        Assert.Equal(samples, image.Samples.ToArray());
    }

    [Fact]
    public void A_lost_restart_mark_is_noticed()
    {
        byte[] coded = new LosslessJpegEncoder(40, 36, 1, 8, 1, 0, 4).Encode(Draw(40 * 36, 8, 0, 5), interleaved: true);
        int mark = coded.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xD2]);
        coded[mark + 1] = 0xD3;
        Assert.Contains("no restart mark before row 12", Builder(40, 36).Fragment(coded).Refusal());
    }

    private static DicomBuilder Builder(int width, int height) =>
        new DicomBuilder().Syntax("1.2.840.10008.1.2.4.57").Words(0x00280010, height).Words(0x00280011, width);

    /// <summary>Slopes and jumps: small differences and the largest ones.</summary>
    private static ushort[] Draw(int count, int precision, int shift, int seed)
    {
        Random random = new(seed);
        ushort[] samples = new ushort[count];
        int value = 0, highest = (1 << precision) - 1;
        for (int i = 0; i < count; i++)
        {
            value = random.Next(10) == 0 ? random.Next(highest + 1) : Math.Clamp(value + random.Next(-3, 4), 0, highest);
            samples[i] = (ushort)(value >> shift << shift);
        }
        return samples;
    }
}
