using LungSeg.Imaging.Quality;
using LungSeg.Imaging.Tests.Outputs;

namespace LungSeg.Imaging.Tests.Quality;

/// <summary>
/// Measures and rules on drawn images with their true lungs; what the network makes of wrong images is tested with the network.
/// </summary>
public sealed class QualityTests
{
    private const int Side = 256;

    private static string[] Flags(LungSegmentation result) => [.. result.Flags.Select(f => f.Name)];

    private static Radiograph Map(Radiograph image, Func<ushort, ushort> value) =>
        new(image.Width, image.Height, 1, 8, Array.ConvertAll(image.Samples.ToArray(), s => value(s)));

    [Fact]
    public void A_drawn_radiograph_raises_no_flag() => Assert.Empty(Flags(Results.Synthetic()));

    [Fact]
    public void A_negative_is_flagged() =>
        Assert.Equal(["inverted"], Flags(Results.SyntheticOn(Side, p => Map(p, s => (ushort)(255 - s)))));

    [Fact]
    public void The_lower_twelve_bits_of_sixteen_are_flagged_as_dark() =>
        Assert.Equal(["dark"],
            Flags(Results.SyntheticOn(Side,
                p => new Radiograph(Side, Side, 1, 16, Array.ConvertAll(p.Samples.ToArray(), s => (ushort)(s << 4))))));

    [Theory]
    [InlineData(8, "color_marks")]
    [InlineData(120, "photograph")]
    public void Colour_is_flagged_by_how_much_of_it_there_is(int side, string flag)
    {
        LungSegmentation result = Results.SyntheticOn(Side, p =>
        {
            ushort[] rgb = [.. p.Samples.ToArray().SelectMany(s => new[] { s, s, s })];
            for (int i = 0; i < side * side; i++)
                rgb[3 * (i / side * Side + i % side)] = (ushort)(rgb[3 * (i / side * Side + i % side)] > 127 ? 0 : 255);
            return new Radiograph(Side, Side, 3, 8, rgb);
        });
        Assert.Equal([flag], Flags(result));
    }

    [Theory]
    [InlineData(0.5, 0.7, 1.0)]
    [InlineData(1.0, 0.8, 0.5)]
    public void A_film_that_is_tinted_as_a_whole_is_no_photograph(double red, double green, double blue)
    {
        LungSegmentation result = Results.SyntheticOn(Side, p =>
            new Radiograph(Side, Side, 3, 8,
                [.. p.Samples.ToArray().SelectMany(s => new[] { (ushort)(red * s), (ushort)(green * s), (ushort)(blue * s) })]));
        Assert.True(result.Measures.ColorShare > 0.1);
        Assert.Empty(Flags(result));
    }

    [Theory]
    [InlineData(0, "left")]
    [InlineData(12, "left")]
    public void A_lung_at_the_edge_of_the_image_or_of_its_collimated_field_is_cut_off(int frame, string side)
    {
        (Radiograph image, LungMask lungs) = Results.Drawn;
        int first = Side / 4, width = Side - first + frame;
        ushort[] samples = new ushort[width * Side];
        byte[] mask = new byte[width * Side];
        for (int y = 0; y < Side; y++)
        {
            image.Samples.Slice(y * Side + first, Side - first).CopyTo(samples.AsSpan(y * width + frame));
            lungs.Pixels.Slice(y * Side + first, Side - first).CopyTo(mask.AsSpan(y * width + frame));
        }
        QualityFlag flag = Assert.Single(Results.Of(new Radiograph(width, Side, 1, 8, samples), new LungMask(width, Side, mask)).Flags,
            f => f.Name == "cut_off");
        Assert.Contains($"{side} edge", flag.Trigger);
    }

    [Theory]
    [InlineData(2.4, false)]
    [InlineData(2.6, true)]
    public void A_strip_is_no_chest_radiograph(double elongation, bool flagged)
    {
        (Radiograph image, LungMask lungs) = Results.Drawn;
        int width = (int)(Side * elongation);
        ushort[] samples = new ushort[width * Side];
        byte[] mask = new byte[width * Side];
        for (int i = 0; i < samples.Length; i++)
        {
            int source = i / width * Side + (int)(i % width / elongation);
            (samples[i], mask[i]) = (image.Samples[source], lungs.Pixels[source]);
        }
        LungSegmentation result = Results.Of(new Radiograph(width, Side, 1, 8, samples), new LungMask(width, Side, mask));
        Assert.Equal(flagged,
            result.Flags.Any(flag => flag.Name == "not_chest_xray" && flag.Trigger.Contains("longer side", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_mask_of_one_part_asks_for_the_other_lung()
    {
        LungSegmentation whole = Results.Synthetic();
        byte[] pixels = whole.Mask.Pixels.ToArray();
        for (int i = 0; i < pixels.Length; i++)
            if (i % Side > Side / 2)
                pixels[i] = 0;
        Assert.Equal(["one_lung"], Flags(Results.Of(whole.Image, new LungMask(Side, Side, pixels))));
        LungSegmentation none = Results.Of(whole.Image, new LungMask(Side, Side, new byte[Side * Side]));
        Assert.Equal(["not_chest_xray", "low_confidence"], Flags(none));
    }

    [Fact]
    public void Doubt_is_flagged_by_the_share_of_uncertain_pixels()
    {
        LungSegmentation result = Results.Synthetic();
        float[] probabilities = result.Probabilities.Values.ToArray();
        probabilities.AsSpan(0, result.Mask.Area / 4).Fill(0.5f);
        Assert.Empty(Flags(Results.Of(result.Image, result.Mask, probabilities)));
        probabilities.AsSpan(0, result.Mask.Area / 3).Fill(0.5f);
        Assert.Equal(["low_confidence"], Flags(Results.Of(result.Image, result.Mask, probabilities)));
        probabilities.AsSpan(0, result.Mask.Area).Fill(0.5f);
        Assert.Contains("not_chest_xray", Flags(Results.Of(result.Image, result.Mask, probabilities)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-20)]
    [InlineData(25)]
    public void The_tilt_of_two_ellipses_is_measured(int degrees)
    {
        byte[] mask = new byte[Side * Side];
        (double sin, double cos) = Math.SinCos(double.DegreesToRadians(degrees));
        for (int y = 0; y < Side; y++)
            for (int x = 0; x < Side; x++)
            {
                // Turned clockwise on the screen about the middle.
                (double dx, double dy) = (x - 127.5, y - 127.5);
                (double u, double v) = (cos * dx + sin * dy, -sin * dx + cos * dy);
                double one = Math.Pow((u - 50) / 35, 2) + Math.Pow(v / 80, 2), other = Math.Pow((u + 50) / 35, 2) + Math.Pow(v / 80, 2);
                mask[y * Side + x] = Math.Min(one, other) < 1 ? (byte)1 : (byte)0;
            }
        LungSegmentation result = Results.Of(Results.Synthetic().Image, new LungMask(Side, Side, mask));
        Assert.Equal(degrees, result.Measures.TiltDegrees!.Value, 0.5);
        Assert.Equal(Math.Abs(degrees) > 12, Flags(result).Contains("rotated"));
    }

    [Theory]
    [InlineData(true, 100, 80, 0, true, true)]
    [InlineData(true, 120, 80, 20, true, true)]
    [InlineData(true, 80, 100, 0, true, false)]
    [InlineData(false, 100, 80, 0, true, false)]
    [InlineData(true, 100, 80, 0, false, false)]
    public void A_wide_disc_where_the_network_is_unsure_is_asked_about_as_a_slice_and_a_high_one_or_a_square_is_not(
        bool disc, int wide, int high, int right, bool unsure, bool flagged)
    {
        ushort[] samples = new ushort[Side * Side];
        for (int i = 0; i < samples.Length; i++)
        {
            // Moved to the right, the body is cut off at the edge, as it often is.
            (double x, double y) = (i % Side - 128 - right, i / Side - 128);
            bool inside = disc ? x * x / (wide * wide) + y * y / (high * high) < 1 : Math.Abs(x) < wide && Math.Abs(y) < high;
            samples[i] = inside ? (ushort)(120 + i % 7) : (ushort)0;
        }
        LungMask lungs = Results.Drawn.Lungs;
        float[] probabilities = Array.ConvertAll(lungs.Pixels.ToArray(), p => p == 0 ? 0.01f : unsure ? 0.6f : 0.99f);
        LungSegmentation result = Results.Of(new Radiograph(Side, Side, 1, 8, samples), lungs, probabilities);
        Assert.Equal(flagged, Flags(result).Contains("ct_slice"));
    }
}
