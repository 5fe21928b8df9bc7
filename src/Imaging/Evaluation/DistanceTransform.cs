namespace LungSeg.Imaging.Evaluation;

/// <summary>
/// The exact Euclidean distance of every pixel to the nearest lung pixel of a mask, row by row: distances within columns first,
/// then the lower envelope of their parabolas along a row (Felzenszwalb and Huttenlocher 2012).
/// </summary>
internal sealed class DistanceTransform
{
    private const int None = int.MaxValue;
    private readonly int[] _rows;
    private readonly double _rowStep, _columnStep;
    private readonly int[] _column;
    private readonly double[] _height, _start;

    /// <summary>Prepares the distances to a mask's lung pixels: in pixels, or in millimetres by the spacing.</summary>
    public DistanceTransform(LungMask mask, PixelSpacing? spacing = null)
    {
        (Width, Height) = (mask.Width, mask.Height);
        (_rowStep, _columnStep) = spacing is { } s ? (s.RowMillimetres, s.ColumnMillimetres) : (1, 1);
        _rows = RowsToLung(mask);
        (_column, _height, _start) = (new int[Width], new double[Width], new double[Width]);
    }

    /// <summary>Columns.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>
    /// Writes the squared distances of one row of pixels: exact whole numbers in pixels, infinity everywhere for an empty mask.
    /// Not for several threads at once.
    /// </summary>
    /// <exception cref="ArgumentException">The target's length is not <see cref="Width"/>.</exception>
    public void SquaredRow(int y, Span<double> target)
    {
        if (target.Length != Width)
            throw new ArgumentException($"room for {Width} distances expected, {target.Length} found", nameof(target));
        int parabolas = Envelope(_rows.AsSpan(y * Width, Width));
        if (parabolas == 0)
        {
            target.Fill(double.PositiveInfinity);
            return;
        }
        for (int x = 0, k = 0; x < Width; x++)
        {
            while (k + 1 < parabolas && _start[k + 1] < x)
                k++;
            double across = (x - _column[k]) * _columnStep;
            target[x] = (across * across) + _height[k];
        }
    }

    /// <summary>The number of rows from each pixel to the nearest lung pixel of its column, in two sweeps.</summary>
    private static int[] RowsToLung(LungMask mask)
    {
        (int width, int height) = (mask.Width, mask.Height);
        ReadOnlySpan<byte> pixels = mask.Pixels;
        int[] rows = new int[pixels.Length];
        for (int i = 0; i < rows.Length; i++)
            rows[i] = pixels[i] != 0 ? 0 : i < width || rows[i - width] == None ? None : rows[i - width] + 1;
        for (int i = (width * (height - 1)) - 1; i >= 0; i--)
            if (rows[i + width] != None)
                rows[i] = Math.Min(rows[i], rows[i + width] + 1);
        return rows;
    }

    /// <summary>Finds the parabolas that are lowest somewhere in the row, from left to right, and where each begins to be.</summary>
    private int Envelope(ReadOnlySpan<int> rows)
    {
        int count = 0;
        for (int x = 0; x < rows.Length; x++)
        {
            if (rows[x] == None)
                continue;
            double down = rows[x] * _rowStep, height = down * down, start = double.NegativeInfinity;
            while (count > 0 && (start = Crossing(count - 1, x, height)) <= _start[count - 1])
                count--;
            (_column[count], _height[count], _start[count]) = (x, height, count == 0 ? double.NegativeInfinity : start);
            count++;
        }
        return count;
    }

    /// <summary>The column from which a parabola at <paramref name="x"/> runs below an earlier one.</summary>
    private double Crossing(int earlier, int x, double height)
    {
        int before = _column[earlier];
        return ((height - _height[earlier]) / (_columnStep * _columnStep * (x - before)) + x + before) / 2;
    }
}
