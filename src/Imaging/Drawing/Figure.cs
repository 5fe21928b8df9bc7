using LungSeg.Imaging.Masks;

namespace LungSeg.Imaging.Drawing;

/// <summary>Where a text stands to its point.</summary>
internal enum Anchor
{
    /// <summary>The text begins at the point.</summary>
    Left,

    /// <summary>The text's middle is at the point.</summary>
    Middle,

    /// <summary>The text ends at the point.</summary>
    Right,
}

/// <summary>
/// An image to draw figures in: white at first, pixels of red, green and blue, y downwards, whole coordinates at pixel corners.
/// Lines are smooth; what lies outside the image is cut off.
/// </summary>
internal sealed class Figure
{
    private readonly byte[] _pixels;

    /// <summary>A white image.</summary>
    public Figure(int width, int height)
    {
        (Width, Height, _pixels) = (width, height, new byte[3L * width * height]);
        _pixels.AsSpan().Fill(byte.MaxValue);
    }

    /// <summary>Columns.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>Height x width x 3 bytes.</summary>
    public ReadOnlySpan<byte> Pixels => _pixels;

    /// <summary>Fills a rectangle of whole pixels; an opacity of 1 covers what was there.</summary>
    public void Fill(int left, int top, int width, int height, Rgb color, double opacity = 1)
    {
        for (int y = Math.Max(top, 0); y < Math.Min(top + height, Height); y++)
            for (int x = Math.Max(left, 0); x < Math.Min(left + width, Width); x++)
                Blend(x, y, color, opacity);
    }

    /// <summary>Draws a line through points with round ends; a single point is a dot.</summary>
    public void Line(ReadOnlySpan<(double X, double Y)> points, Rgb color, double thickness = 1, bool closed = false, double opacity = 1)
    {
        if (points.IsEmpty)
            return;
        Coverage coverage = new(this, points, thickness / 2);
        for (int i = 1; i < points.Length; i++)
            coverage.Add(points[i - 1], points[i]);
        if (closed || points.Length == 1)
            coverage.Add(points[^1], points[0]);
        coverage.Paint(color, opacity);
    }

    /// <summary>How long a text is whose capitals are <paramref name="size"/> high.</summary>
    public static double TextWidth(string text, double size) => StrokeFont.Width(text, size);

    /// <summary>Writes a line of text whose capitals are <paramref name="size"/> high, on the base line at y.</summary>
    public void Text(double x, double y, string text, double size, Rgb color, Anchor anchor = Anchor.Left)
    {
        double at = x - (StrokeFont.Width(text, size) * anchor switch { Anchor.Left => 0, Anchor.Middle => 0.5, _ => 1 });
        foreach ((double X, double Y)[] stroke in StrokeFont.Strokes(text, size))
            Line(Array.ConvertAll(stroke, point => (at + point.X, y - point.Y)), color, Math.Max(1.1, size * StrokeFont.Weight));
    }

    /// <summary>Draws the outlines of a mask's parts and holes, along its pixels' sides; the mask's corner is put at left, top.</summary>
    public void Outline(LungMask mask, double left, double top, double scale, Rgb color, double thickness)
    {
        foreach (PixelPolygon part in PixelOutline.Trace(mask.Pixels.ToArray(), mask.Width, mask.Height, 1))
            foreach (Ring ring in (Ring[])[part.Outer, .. part.Holes])
                Line(Array.ConvertAll(ring.Corners, corner => (left + (corner.X * scale), top + (corner.Y * scale))), color, thickness,
                    closed: true);
    }

    /// <summary>Copies an image of height x width x 3 bytes.</summary>
    /// <exception cref="ArgumentException">The length does not fit the size.</exception>
    public void Image(int left, int top, int width, int height, ReadOnlySpan<byte> rgb)
    {
        if (rgb.Length != 3L * width * height)
            throw new ArgumentException($"{width} x {height} x 3 bytes expected, {rgb.Length} found", nameof(rgb));
        (int from, int to) = (Math.Max(-left, 0), Math.Min(width, Width - left));
        if (from >= to)
            return;
        for (int y = Math.Max(-top, 0); y < Math.Min(height, Height - top); y++)
            rgb[(3 * ((y * width) + from))..(3 * ((y * width) + to))].CopyTo(_pixels.AsSpan(3 * (((top + y) * Width) + left + from)));
    }

    private void Blend(int x, int y, Rgb color, double opacity)
    {
        Span<byte> pixel = _pixels.AsSpan(3 * ((y * Width) + x), 3);
        pixel[0] = Mix(pixel[0], color.Red, opacity);
        pixel[1] = Mix(pixel[1], color.Green, opacity);
        pixel[2] = Mix(pixel[2], color.Blue, opacity);
    }

    private static byte Mix(byte under, byte over, double opacity) => (byte)(under + ((over - under) * opacity) + 0.5);

    /// <summary>How much of each pixel a line covers. The strongest of its parts counts, so that joints are not darker.</summary>
    private readonly struct Coverage
    {
        private readonly Figure _figure;
        private readonly double _radius;
        private readonly int _left, _top, _width, _height;
        private readonly float[] _share;

        public Coverage(Figure figure, ReadOnlySpan<(double X, double Y)> points, double radius)
        {
            double left = double.MaxValue, top = double.MaxValue, right = double.MinValue, bottom = double.MinValue;
            foreach ((double x, double y) in points)
            {
                (left, right) = (Math.Min(left, x), Math.Max(right, x));
                (top, bottom) = (Math.Min(top, y), Math.Max(bottom, y));
            }
            (_figure, _radius) = (figure, radius);
            (_left, _top) = (Clamp(left - radius - 1, figure.Width), Clamp(top - radius - 1, figure.Height));
            (_width, _height) = (Clamp(right + radius + 2, figure.Width) - _left, Clamp(bottom + radius + 2, figure.Height) - _top);
            _share = new float[_width * _height];
        }

        public void Add((double X, double Y) a, (double X, double Y) b)
        {
            double dx = b.X - a.X, dy = b.Y - a.Y, length = (dx * dx) + (dy * dy), reach = _radius + 1;
            int right = Math.Min(Clamp(Math.Max(a.X, b.X) + reach + 1, _figure.Width), _left + _width);
            int bottom = Math.Min(Clamp(Math.Max(a.Y, b.Y) + reach + 1, _figure.Height), _top + _height);
            for (int y = Math.Max(Clamp(Math.Min(a.Y, b.Y) - reach, _figure.Height), _top); y < bottom; y++)
            {
                for (int x = Math.Max(Clamp(Math.Min(a.X, b.X) - reach, _figure.Width), _left); x < right; x++)
                {
                    double px = x + 0.5 - a.X, py = y + 0.5 - a.Y;
                    double along = length > 0 ? Math.Clamp(((px * dx) + (py * dy)) / length, 0, 1) : 0;
                    double away = Math.Sqrt(Square(px - (along * dx)) + Square(py - (along * dy)));
                    ref float share = ref _share[((y - _top) * _width) + x - _left];
                    share = Math.Max(share, (float)Math.Clamp(_radius + 0.5 - away, 0, 1));
                }
            }
        }

        public void Paint(Rgb color, double opacity)
        {
            for (int i = 0; i < _share.Length; i++)
                if (_share[i] > 0)
                    _figure.Blend(_left + (i % _width), _top + (i / _width), color, _share[i] * opacity);
        }

        private static int Clamp(double value, int limit) => (int)Math.Clamp(value, 0, limit);

        private static double Square(double value) => value * value;
    }
}
