namespace LungSeg.Imaging.Synthesis;

/// <summary>Draws the vessel trees that spread from both hila through the lungs, thinner with every branching.</summary>
internal sealed class Vessels(Canvas canvas, SplitMix random, float[] lung)
{
    private const double Density = Anatomy.Soft - Anatomy.Lung;

    public void Draw()
    {
        foreach (int side in (ReadOnlySpan<int>)[-1, 1])
        {
            (double x, double y) = (side * (side < 0 ? 40 : 44), side < 0 ? 172 : 162);
            canvas.AddEllipsoid(x, y, 9, 17, 7, side * -14, Density, lung);
            canvas.AddEllipsoid(x + side * 6, y + 20, 6, 16, 6, side * -20, Density, lung);
            for (int i = 0; i < 22; i++)
            {
                // Fan out from straight up, around the side, to steeply down; the lower lobes hold more blood.
                double angle = (-80 + 152 * i / 21.0 + random.Between(-7, 7)) * Math.PI / 180;
                double size = 2.9 + 1.5 * Anatomy.Smooth((i - 3) / 15.0);
                Branch(x + random.Between(-4, 4), y + 14 * Math.Sin(angle) + random.Between(-6, 6), side, angle,
                    size * random.Between(0.8, 1.2), 8);
            }
        }
    }

    private void Branch(double x, double y, int side, double angle, double radius, int depth)
    {
        if (depth == 0 || radius < 0.3)
            return;
        Span<Point> line = stackalloc Point[7];
        double length = random.Between(11, 20) * Math.Pow(radius, 0.35), bend = random.Between(-0.07, 0.07);
        line[0] = new Point(x, y, 0);
        for (int i = 1; i < line.Length; i++)
        {
            angle += bend + random.Between(-0.05, 0.05);
            x += side * Math.Cos(angle) * length / (line.Length - 1);
            y += Math.Sin(angle) * length / (line.Length - 1);
            line[i] = new Point(x, y, 0);
        }
        double thin = radius * random.Between(0.78, 0.88);
        canvas.AddTube(line, t => radius + (thin - radius) * t, Density, Density, lung);
        Branch(x, y, side, angle + random.Between(-0.2, 0.2), thin, depth - 1);
        double fork = random.Between(0.35, 0.85) * (random.Next() < 0.5 ? -1 : 1);
        Branch(x, y, side, angle + fork, thin * random.Between(0.6, 0.85), depth - 1);
    }
}
