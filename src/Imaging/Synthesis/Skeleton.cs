namespace LungSeg.Imaging.Synthesis;

/// <summary>Draws ribs, spine, clavicles, shoulder blades and upper arms.</summary>
internal static class Skeleton
{
    private const int Ribs = 11;

    public static void Draw(Canvas canvas, Anatomy anatomy)
    {
        DrawSpine(canvas);
        foreach (int side in (ReadOnlySpan<int>)[-1, 1])
        {
            for (int rib = 0; rib < Ribs; rib++)
                DrawRib(canvas, anatomy, side, rib);
            DrawShoulder(canvas, side);
        }
    }

    private static void DrawSpine(Canvas canvas)
    {
        // The column shines through as a whole; its plates, pedicles and processes stand out.
        for (double y = -12; y < Canvas.Field + 60; y += 25.5)
        {
            double half = 14 + y / 60;
            canvas.AddTube(Line((-half + 2, y, 0), (half - 2, y, 0)), _ => 11.2, 0.011, 0.011);
            canvas.AddTube(Line((-half, y - 11, 0), (half, y - 11, 0)), _ => 1.2, 0.04, 0.04);
            canvas.AddTube(Line((-half, y + 11, 0), (half, y + 11, 0)), _ => 1.2, 0.04, 0.04);
            foreach (int side in (ReadOnlySpan<int>)[-1, 1])
            {
                canvas.AddEllipsoid(side * (half - 5), y - 4, 3.2, 4.6, 5, 0, 0.016);
                canvas.AddTube(Line((side * (half - 1), y - 3, 0), (side * (half + 15), y - 7, 0)), _ => 4, Anatomy.Bone * 0.55,
                    Anatomy.Marrow);
                canvas.AddTube(Line((side * half, y - 11, 0), (side * (half - 1.5), y, 0), (side * half, y + 11, 0)), _ => 1.1, 0.05, 0.05);
            }
            canvas.AddTube(Line((0, y + 2, 0), (0.5, y + 14, 0)), t => 3 - t, 0.03, 0.02);
        }
    }

    /// <summary>A rib runs back to front around the chest, falling all the way: its rear half lies flatter than its front half.</summary>
    private static void DrawRib(Canvas canvas, Anatomy anatomy, int side, int rib)
    {
        double start = 22 + rib * 25.5 + anatomy.RibShift, drop = 42 + 8.5 * Math.Min(rib, 8);
        double turn = start + drop * 0.36;
        double wide = rib == 0 ? 62 : anatomy.Lateral(Math.Clamp(turn + 6, 48, 345)) + 5 - (rib == 1 ? 3 : 0);
        double end = rib > 8 ? 0.56 : 0.80 - 0.012 * rib;
        Point[] line = new Point[120];
        for (int i = 0; i < line.Length; i++)
            line[i] = At(0.006 + (end - 0.006) * i / (line.Length - 1));
        canvas.AddTube(line, t => 5.3 + 1.3 * t, Anatomy.Bone * 1.1, Anatomy.Marrow * 0.75);

        Point At(double f)
        {
            double angle = f * Math.PI, sin = Math.Sin(angle);
            double x = 17 + (wide - 17) * Math.Pow(sin, 0.82);
            double y = start - 7 * Math.Sin(Math.Min(2 * angle, Math.PI)) + drop * Math.Pow((1 - Math.Cos(angle)) / 2, 1.25);
            return new Point(side * x, y, -88 * Math.Cos(angle));
        }
    }

    private static void DrawShoulder(Canvas canvas, int side)
    {
        // Clavicle: an S from the breastbone to the shoulder.
        Point[] clavicle = new Point[40];
        for (int i = 0; i < clavicle.Length; i++)
        {
            double t = i / (clavicle.Length - 1.0);
            clavicle[i] = new Point(side * (15 + 150 * t), 66 - 36 * Math.Pow(t, 0.9) + 5 * Math.Sin(t * 2 * Math.PI), 25 * t);
        }
        canvas.AddTube(clavicle, t => (6.8 - 2.2 * Math.Sin(t * Math.PI)) * Anatomy.Round(Math.Min(t, 1 - t) + 0.004, 0.05),
            Anatomy.Bone * 1.5, Anatomy.Marrow * 1.2);
        // Shoulder blade: a thin plate with strong borders, a ridge and the joint's socket.
        canvas.AddEllipsoid(side * 157, 132, 24, 62, 2.6, side * 14, 0.034);
        AddBone(canvas, side, 5, 0.045, 0.010, (173, 80), (168, 120), (159, 160), (147, 198));
        AddBone(canvas, side, 2, 0.045, 0.045, (128, 74), (132, 120), (147, 196));
        AddBone(canvas, side, 5, 0.042, 0.009, (130, 88), (160, 62), (190, 42));
        AddBone(canvas, side, 6, 0.035, 0.012, (146, 62), (156, 67), (164, 78));
        // Head and shaft of the upper arm.
        canvas.AddEllipsoid(side * 194, 86, 24, 25, 22, 0, 0.011);
        AddBone(canvas, side, 14, 0.028, 0.006, (194, 82), (203, 125), (210, 172));
    }

    /// <summary>A bone along a line in the image's plane, tapering at both ends.</summary>
    private static void AddBone(Canvas canvas, int side, double radius, double shell, double core,
        params ReadOnlySpan<(double X, double Y)> points)
    {
        const int Pieces = 12;
        Point[] line = new Point[(points.Length - 1) * Pieces + 1];
        for (int i = 0; i < line.Length; i++)
        {
            int k = Math.Min(i / Pieces, points.Length - 2);
            (double t, (double X, double Y) a, (double X, double Y) b) = ((i - k * Pieces) / (double)Pieces, points[k], points[k + 1]);
            line[i] = new Point(side * (a.X + t * (b.X - a.X)), a.Y + t * (b.Y - a.Y), 0);
        }
        canvas.AddTube(line, t => 0.1 + radius * Anatomy.Round(Math.Min(t, 1 - t), 0.15), shell, core);
    }

    private static Point[] Line(params ReadOnlySpan<(double X, double Y, double Z)> points)
    {
        Point[] line = new Point[points.Length];
        for (int i = 0; i < line.Length; i++)
            line[i] = new Point(points[i].X, points[i].Y, points[i].Z);
        return line;
    }
}
