using LungSeg.Imaging.Masks;

namespace LungSeg.Imaging.Tests;

public sealed class OverlayTests
{
    private const int Side = 400;

    /// <summary>Two squares of 100 x 100 on an even grey image.</summary>
    private static (Radiograph Image, LungMask Mask) Squares(bool? leftIsOnTheRight = null, int bits = 8)
    {
        ushort[] samples = new ushort[Side * Side];
        Array.Fill(samples, (ushort)100);
        samples[0] = (ushort)(bits == 16 ? 300 : 100);
        samples[1] = (ushort)(bits == 16 ? 50 : 100);
        byte[] pixels = new byte[Side * Side];
        for (int y = 150; y < 250; y++)
        {
            pixels.AsSpan(y * Side + 50, 100).Fill(1);
            pixels.AsSpan(y * Side + 250, 100).Fill(1);
        }
        return (new Radiograph(Side, Side, 1, bits, samples) { PatientLeftIsOnTheRight = leftIsOnTheRight },
            new LungMask(Side, Side, pixels));
    }

    private static (byte, byte, byte) At(byte[] rgb, int x, int y) =>
        (rgb[3 * (y * Side + x)], rgb[3 * (y * Side + x) + 1], rgb[3 * (y * Side + x) + 2]);

    [Fact]
    public void The_outline_is_opaque_the_inside_is_tinted_and_the_rest_is_untouched()
    {
        (Radiograph image, LungMask mask) = Squares();
        byte[] rgb = Overlay.Draw(image, mask);
        Assert.Equal((100, 100, 100), At(rgb, 10, 10));
        Assert.Equal((100, 100, 100), At(rgb, 49, 200));
        Assert.Equal(Overlay.ColorOf(LungSide.Right), At(rgb, 50, 200));
        Assert.Equal(Overlay.ColorOf(LungSide.Left), At(rgb, 349, 200));
        (byte red, byte green, byte blue) = At(rgb, 100, 200);
        Assert.True(red > 100 && red < 160 && green > 100 && green < 130 && blue < 100);
    }

    [Theory]
    [InlineData(null, LungSide.Right)]
    [InlineData(true, LungSide.Right)]
    [InlineData(false, LungSide.Left)]
    public void The_side_follows_the_patient_not_the_image(bool? leftIsOnTheRight, LungSide side)
    {
        (Radiograph image, LungMask mask) = Squares(leftIsOnTheRight);
        Assert.Equal(Overlay.ColorOf(side), At(Overlay.Draw(image, mask), 50, 200));
    }

    [Fact]
    public void A_dark_16_bit_image_is_stretched()
    {
        (Radiograph image, LungMask mask) = Squares(bits: 16);
        byte[] rgb = Overlay.Draw(image, mask);
        Assert.Equal((255, 255, 255), At(rgb, 0, 0));
        Assert.Equal((0, 0, 0), At(rgb, 1, 0));
    }

    [Fact]
    public void A_mask_of_another_size_is_refused()
    {
        (Radiograph image, LungMask mask) = Squares();
        Assert.Throws<ImageException>(() => Overlay.Draw(image, mask.Resize(200, 200)));
    }

    [Fact]
    public void Statistics_name_sizes_sides_and_boxes()
    {
        (_, LungMask mask) = Squares();
        MaskStatistics statistics = MaskStatistics.Of(mask);
        Assert.Equal(20_000, statistics.Area);
        Assert.Equal(0.125, statistics.AreaShare);
        Assert.Equal(5_000, statistics.AreaIn(new PixelSpacing(0.5, 0.5)));
        Assert.Null(statistics.AreaIn(null));
        Assert.Equal(
            [
                new LungPart(LungSide.Right, new Component(1, 10_000, 50, 150, 150, 250, 99.5, 199.5)),
                new LungPart(LungSide.Left, new Component(2, 10_000, 250, 150, 350, 250, 299.5, 199.5)),
            ],
            statistics.Parts);
    }

    [Fact]
    public void Joined_lungs_are_both_sides()
    {
        byte[] pixels = new byte[Side * Side];
        pixels.AsSpan(100 * Side + 50, 300).Fill(1);
        Assert.Equal(LungSide.Both, Assert.Single(MaskStatistics.Of(new LungMask(Side, Side, pixels)).Parts).Side);
    }

    [Fact]
    public void An_empty_mask_has_no_parts()
    {
        (Radiograph image, _) = Squares();
        LungMask empty = new(Side, Side, new byte[Side * Side]);
        Assert.Empty(MaskStatistics.Of(empty).Parts);
        Assert.Equal(image.ToRgb8(), Overlay.Draw(image, empty));
    }
}
