using LungSeg.Imaging;
using LungSeg.Models.Calibration;

namespace LungSeg.Models.Tests.Calibration;

/// <summary>The quantised weights that ship, on real radiographs that nothing was calibrated with.</summary>
public sealed class ShippedWeightsTests
{
    [Theory, InlineData("pan"), InlineData("deeplabv3plus")]
    public void Masks_agree_with_those_in_float32(string network)
    {
        string folder = TestData.Shared("cxr");
        CalibrationImage[] images = [.. Directory.GetFiles(folder, "*.mask.png").Order().Select(mask =>
        {
            string path = mask.Replace(".mask.png", ".png", StringComparison.Ordinal);
            return new CalibrationImage(Path.GetFileName(path), "", ImageReader.Read(path), LungMask.FromImage(ImageReader.Read(mask)));
        })];
        var agreement = MaskAgreement.Of(images, Masks($"{network}.safetensors"), Masks($"{network}.int8.safetensors"));
        TestContext.Current.SendDiagnosticMessage($"{network}: {agreement.Mean:F4}, least {agreement.Least:F4}, Dice {agreement.Dice}, "
            + $"largest change {agreement.LargestChange:F4}");
        Assert.Equal(10, agreement.Images.Count);
        Assert.Null(agreement.Fault);
        Assert.True(agreement.Mean < 1);

        LungMask[] Masks(string file)
        {
            using LungSegmenter segmenter = LungSegmenter.Load(new LungSegmenterOptions
            {
                WeightsFile = TestData.InRepository("weights", file),
                Precision = file.Contains("int8") ? Engine.Precision.Int8 : Engine.Precision.Float32,
                Threads = 1,
            });
            return [.. images.Select(image => segmenter.Segment(image.Image).Mask)];
        }
    }

    [Fact]
    public void What_misses_the_bound_says_how()
    {
        Assert.Contains("agree 0.9900 in the mean", Of((0.99, 0.95, 0.95))!);
        Assert.Contains("mean Dice changes from 0.9600 to 0.9580", Of((0.997, 0.96, 0.958))!);
        Assert.Contains("of an image changes by 0.0060", Of((0.997, 0.96, 0.966), (0.997, 0.96, 0.955))!);
        Assert.Null(Of((0.996, 0.96, 0.9604), (0.996, 0.96, 0.9598)));
        Assert.Null(new MaskAgreement([new ImageAgreement("a", 0.996, null)]).Fault);

        static string? Of(params (double Agreement, double Float, double Int8)[] images) => new MaskAgreement(
            [.. images.Select(image => new ImageAgreement("a", image.Agreement, (image.Float, image.Int8)))]).Fault;
    }
}
