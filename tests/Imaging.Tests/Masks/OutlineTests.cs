using CsCheck;
using LungSeg.Imaging.Masks;

namespace LungSeg.Imaging.Tests.Masks;

public sealed class OutlineTests
{
    [Fact]
    public void An_outline_stays_within_its_tolerance_and_keeps_sides_and_holes()
    {
        byte[] pixels = new byte[200 * 100];
        for (int i = 0; i < pixels.Length; i++)
        {
            (int x, int y) = (i % 200, i / 200);
            double left = Math.Pow((x - 50) / 30.0, 2) + Math.Pow((y - 50) / 40.0, 2);
            double right = Math.Pow((x - 150) / 25.0, 2) + Math.Pow((y - 50) / 35.0, 2);
            bool hole = Math.Abs(x - 150) < 6 && Math.Abs(y - 50) < 6;
            pixels[i] = left <= 1 || (right <= 1 && !hole) ? (byte)1 : (byte)0;
        }
        LungSegmentation result = Result(new LungMask(200, 100, pixels));
        IReadOnlyList<Outline> exact = Outline.Trace(result, 0), rough = Outline.Trace(result, 1.5);
        Assert.Equal([(LungSide.Right, false), (LungSide.Left, false), (LungSide.Left, true)],
            rough.Select(o => (o.Side, o.IsHole)).Order());
        for (int i = 0; i < exact.Count; i++)
        {
            Assert.InRange(rough[i].Corners.Count, 4, exact[i].IsHole ? 4 : exact[i].Corners.Count / 3);
            foreach ((int X, int Y) corner in exact[i].Corners)
                Assert.InRange(Distance(corner, rough[i].Corners), 0, 1.5001);
        }
    }

    [Fact]
    public void Outlines_of_any_mask_end_and_enclose_something() => Gen.Select(Gen.Int[1, 20], Gen.Int[1, 20], Gen.Int).Sample(
        (width, height, seed) =>
        {
            Random random = new(seed);
            LungMask mask = new(width, height, [.. Enumerable.Range(0, width * height).Select(_ => (byte)random.Next(2))]);
            IReadOnlyList<Outline> outlines = Outline.Trace(Result(mask), 0.7);
            Assert.Equal(mask.Area == 0, outlines.Count == 0);
            Assert.All(outlines, outline => Assert.InRange(outline.Corners.Count, 2, int.MaxValue));
        },
        iter: 300);

    private static LungSegmentation Result(LungMask mask) => new()
    {
        Image = new Radiograph(mask.Width, mask.Height, 1, 8, new ushort[mask.Pixels.Length]) { PatientLeftIsOnTheRight = true },
        Mask = mask,
        Probabilities = new ProbabilityMap(mask.Width, mask.Height, new float[mask.Pixels.Length]),
        Method = new SegmentationMethod("pan", "", 128, 0.5f, "fixed", ""),
        Times = default,
    };

    private static double Distance((int X, int Y) p, IReadOnlyList<(int X, int Y)> ring) => Enumerable.Range(0, ring.Count).Min(i =>
    {
        ((int ax, int ay), (int bx, int by)) = (ring[i], ring[(i + 1) % ring.Count]);
        (double dx, double dy) = ((double)bx - ax, (double)by - ay);
        double t = dx == 0 && dy == 0 ? 0 : Math.Clamp(((p.X - ax) * dx + (p.Y - ay) * dy) / (dx * dx + dy * dy), 0, 1);
        return Math.Sqrt(Math.Pow(p.X - ax - t * dx, 2) + Math.Pow(p.Y - ay - t * dy, 2));
    });
}
