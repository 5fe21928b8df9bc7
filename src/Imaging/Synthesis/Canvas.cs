namespace LungSeg.Imaging.Synthesis;

/// <summary>
/// The line integral of attenuation behind each pixel. Positions are in millimetres: x from the midline to the image's right
/// (the patient's left), y from the top of a 400 mm field downwards.
/// </summary>
internal sealed class Canvas(int width, int height)
{
    public const double Field = 400;

    private readonly float[] _value = new float[width * height], _nearness = new float[width * height];

    public int Width => width;

    public int Height => height;

    /// <summary>Millimetres from pixel to pixel.</summary>
    public double Step { get; } = Field / Math.Min(width, height);

    public float[] Attenuation { get; } = new float[width * height];

    public double X(int column) => (column + 0.5 - width / 2.0) * Step;

    public double Y(int row) => (row + 0.5 - height / 2.0) * Step + Field / 2;

    /// <summary>
    /// Adds a tube along a line: its radius, its attenuation per millimetre, and that of its core (a marrow, or the same).
    /// </summary>
    /// <param name="line">Points of the axis; z runs along the beam.</param>
    /// <param name="radius">Radius at a fraction 0 to 1 of the points.</param>
    /// <param name="shell">Attenuation per millimetre of the tube.</param>
    /// <param name="core">The same inside 80 % of the radius.</param>
    /// <param name="weight">What each pixel's share is multiplied with, or null.</param>
    public void AddTube(ReadOnlySpan<Point> line, Func<double, double> radius, double shell, double core, float[]? weight = null)
    {
        (int left, int top, int right, int bottom) = (width, height, 0, 0);
        for (int i = 0; i + 1 < line.Length; i++)
        {
            (Point a, Point b) = (line[i], line[i + 1]);
            double r = radius((i + 0.5) / (line.Length - 1));
            (double dx, double dy, double dz) = (b.X - a.X, b.Y - a.Y, b.Z - a.Z);
            double flat = dx * dx + dy * dy, length = Math.Sqrt(flat + dz * dz);
            // A tube seen along its axis is crossed at length, but it is also curved.
            double slant = Math.Min(1.6, length / Math.Max(Math.Sqrt(flat), 1e-6));
            (int x0, int x1) = (Column(Math.Min(a.X, b.X) - r), Column(Math.Max(a.X, b.X) + r) + 1);
            (int y0, int y1) = (Row(Math.Min(a.Y, b.Y) - r), Row(Math.Max(a.Y, b.Y) + r) + 1);
            for (int py = y0; py < y1; py++)
            {
                for (int px = x0; px < x1; px++)
                {
                    (double x, double y) = (X(px) - a.X, Y(py) - a.Y);
                    double t = (x * dx + y * dy) / Math.Max(flat, 1e-9);
                    // Ends are cut straight, so that tubes that continue one another do not add up to a bead.
                    if (t < 0 && i == 0 || t > 1 && i == line.Length - 2)
                        continue;
                    t = Math.Clamp(t, 0, 1);
                    double off = (x - t * dx) * (x - t * dx) + (y - t * dy) * (y - t * dy);
                    if (off >= r * r)
                        continue;
                    double inner = 0.8 * 0.8 * r * r - off;
                    double core2 = inner > 0 ? 2 * Math.Sqrt(inner) : 0;
                    // Where pieces of the tube overlap, the one whose axis is nearest counts.
                    float nearness = (float)(1 - off / (r * r));
                    int at = py * width + px;
                    if (nearness <= _nearness[at])
                        continue;
                    _nearness[at] = nearness;
                    _value[at] = (float)(slant * (shell * (2 * Math.Sqrt(r * r - off) - core2) + core * core2));
                }
            }
            (left, top, right, bottom) = (Math.Min(left, x0), Math.Min(top, y0), Math.Max(right, x1), Math.Max(bottom, y1));
        }
        for (int py = top; py < bottom; py++)
        {
            for (int at = py * width + left, end = py * width + right; at < end; at++)
            {
                Attenuation[at] += weight is null ? _value[at] : _value[at] * weight[at];
                _value[at] = _nearness[at] = 0;
            }
        }
    }

    /// <summary>Adds an ellipsoid of the given half axes (z along the beam), turned in the plane.</summary>
    public void AddEllipsoid(double cx, double cy, double rx, double ry, double rz, double degrees, double density, float[]? weight = null)
    {
        (double sin, double cos) = Math.SinCos(degrees * Math.PI / 180);
        double reach = Math.Max(rx, ry);
        for (int py = Row(cy - reach); py <= Math.Min(Row(cy + reach), height - 1); py++)
        {
            for (int px = Column(cx - reach); px <= Math.Min(Column(cx + reach), width - 1); px++)
            {
                (double x, double y) = (X(px) - cx, Y(py) - cy);
                (double u, double v) = ((x * cos + y * sin) / rx, (y * cos - x * sin) / ry);
                double inside = 1 - u * u - v * v;
                if (inside > 0)
                    Attenuation[py * width + px] += (float)(density * 2 * rz * Math.Sqrt(inside)) * (weight?[py * width + px] ?? 1f);
            }
        }
    }

    private int Column(double x) => (int)Math.Clamp(x / Step + width / 2.0, 0, width - 1);

    private int Row(double y) => (int)Math.Clamp((y - Field / 2) / Step + height / 2.0, 0, height - 1);
}

internal readonly record struct Point(double X, double Y, double Z);
