namespace LungSeg.Imaging.Tests;

public sealed class ContrastStretchTests
{
    private const int Side = 100;

    /// <summary>A ramp of the range with one black and one white pixel, which percentiles do not see.</summary>
    private static Radiograph Ramp(int low, int high, int bits)
    {
        ushort[] samples = [.. Enumerable.Range(0, Side * Side).Select(i => (ushort)(low + (high - low) * (i % Side) / (Side - 1)))];
        (samples[0], samples[^1]) = (0, (ushort)((1 << bits) - 1));
        return new Radiograph(Side, Side, 1, bits, samples);
    }

    [Theory]
    [InlineData(239, 255, 8, true)]
    [InlineData(100, 124, 8, true)]
    [InlineData(100, 128, 8, false)]
    [InlineData(0, 255, 8, false)]
    [InlineData(0, 4095, 16, true)]
    [InlineData(0, 8191, 16, false)]
    [InlineData(77, 77, 8, false)]
    public void An_image_is_stretched_where_it_uses_less_than_a_tenth_of_its_range(int low, int high, int bits, bool stretched) =>
        Assert.Equal(stretched, ContrastStretch.Of(Ramp(low, high, bits)) is not null);

    [Fact]
    public void The_second_percentile_becomes_black_and_the_ninety_eighth_white()
    {
        Radiograph ramp = Ramp(200, 220, 8);
        ContrastStretch stretch = ContrastStretch.Of(ramp)!.Value;
        Radiograph stretched = stretch.Apply(ramp);
        Assert.InRange(stretch.Low, 200, 201);
        Assert.InRange(stretch.High, 219, 220);
        Assert.Equal((0, 255), (stretched.Samples[0], stretched.Samples[^1]));
        Assert.InRange(stretched.Samples[Side / 2], 120, 135);
        for (int x = 2; x < Side; x++)
            Assert.True(stretched.Samples[x] >= stretched.Samples[x - 1]);
    }

    [Fact]
    public void Colours_are_stretched_together()
    {
        Radiograph color = new(40, 40, 3, 8,
            [.. Enumerable.Range(0, 1600)
                .SelectMany(i => new[] { (ushort)(100 + i % 10), (ushort)(102 + i % 10), (ushort)(98 + i % 10) })]);
        Radiograph stretched = ContrastStretch.Of(color)!.Value.Apply(color);
        Assert.True(stretched.Samples[3 * 5 + 1] > stretched.Samples[3 * 5] && stretched.Samples[3 * 5] > stretched.Samples[3 * 5 + 2]);
    }
}
