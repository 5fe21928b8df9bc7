using CsCheck;
using LungSeg.Imaging.Drawing;

namespace LungSeg.Imaging.Tests.Drawing;

public sealed class FigureTests
{
    private static readonly Rgb Black = new(0, 0, 0);

    [Fact]
    public void A_line_of_thickness_2_on_pixel_corners_covers_two_rows()
    {
        Figure figure = new(20, 10);
        figure.Line([(2, 5), (18, 5)], Black, thickness: 2);
        for (int y = 0; y < 10; y++)
            Assert.Equal(y is 4 or 5 ? 0 : 255, figure.Pixels[3 * ((y * 20) + 10)]);
    }

    [Fact]
    public void Ink_is_length_times_thickness_wherever_the_line_lies() =>
        Gen.Select(Gen.Double[20, 80], Gen.Double[20, 80], Gen.Double[20, 80], Gen.Double[20, 80], Gen.Double[1, 6])
            .Sample((ax, ay, bx, by, thickness) =>
        {
            Figure figure = new(100, 100);
            figure.Line([(ax, ay), (bx, by)], Black, thickness);
            double length = Math.Sqrt(((ax - bx) * (ax - bx)) + ((ay - by) * (ay - by)));
            double expected = (length * thickness) + (Math.PI * thickness * thickness / 4);
            Assert.Equal(expected, Ink(figure), (0.06 * expected) + 1.5);
        });

    [Fact]
    public void What_lies_outside_is_cut_off() =>
        Gen.Select(Gen.Double[-200, 200].Array[2, 8], Gen.Int[-50, 50], Gen.Int[-50, 50], Gen.Int[1, 60])
            .Sample((numbers, left, top, side) =>
        {
            Figure figure = new(40, 30);
            figure.Line(Array.ConvertAll(numbers, n => (n, -n / 2)), Black, 3, closed: true);
            figure.Fill(left, top, side, side, Black, 0.5);
            figure.Image(left, top, side, side, new byte[3 * side * side]);
            figure.Text(left, top, "cut off", side, Black);
            for (int y = Math.Max(top, 0); y < Math.Min(top + side, 30) && left is >= 0 and < 40; y++)
                Assert.Equal(0, figure.Pixels[3 * ((y * 40) + left)]);
        });

    [Fact]
    public void Every_printable_character_leaves_ink_and_stays_within_the_text_s_width()
    {
        for (char c = '!'; c <= '~'; c++)
        {
            Figure figure = new(120, 120);
            figure.Text(40, 70, $"{c}", 30, Black);
            double width = StrokeFont.Width($"{c}", 30);
            Assert.True(Ink(figure) > 2, $"{c} is empty");
            for (int y = 0; y < 120; y++)
                for (int x = 0; x < 120; x++)
                    Assert.True(figure.Pixels[3 * ((y * 120) + x)] == 255 || (x > 35 && x < 40 + width + 5), $"{c} at {x}, {y}");
        }
    }

    [Fact]
    public void Texts_end_or_stand_around_their_point()
    {
        Assert.Equal(StrokeFont.Width("ab", 10), StrokeFont.Width("a", 10) + StrokeFont.Width("b", 10) + 2.6, 9);
        (int left, int right) = Ends(Anchor.Right);
        Assert.InRange(right, 96, 102);
        (int from, int to) = Ends(Anchor.Middle);
        Assert.Equal(99.5, (from + to) / 2.0, 1.0);
        Assert.Equal(right - left, to - from, 2.0);
    }

    private static (int Left, int Right) Ends(Anchor anchor)
    {
        Figure figure = new(200, 40);
        figure.Text(100, 30, "HAH", 15, Black, anchor);
        int[] dark = [.. Enumerable.Range(0, 200).Where(x => Enumerable.Range(0, 40).Any(y => figure.Pixels[3 * ((y * 200) + x)] < 128))];
        return (dark[0], dark[^1]);
    }

    private static double Ink(Figure figure)
    {
        double ink = 0;
        for (int i = 0; i < figure.Pixels.Length; i += 3)
            ink += (255 - figure.Pixels[i]) / 255.0;
        return ink;
    }
}
