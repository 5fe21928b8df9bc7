namespace LungSeg.Imaging.Masks;

/// <summary>A place in a mask: the row, and the middle of the lung's pixels in it; pixel centres are at whole numbers.</summary>
public readonly record struct LungPoint(double X, int Y);

/// <summary>
/// What is measured of a lung besides its area: in pixels, along the image's rows and columns. The apex is in the highest row that has a
/// pixel of the lung, the base in the lowest.
/// </summary>
public sealed record LungMeasures(LungSide Side, int Area, int Width, int Height, LungPoint Apex, LungPoint Base);

/// <summary>
/// The widest distance in one row from the outer edge of one lung to the outer edge of the other, in pixels: the inner width of the chest
/// as far as the masks reach. It is no measure of ribs, which no mask shows; <paramref name="Left"/> is the first column,
/// <paramref name="Right"/> the one after the last.
/// </summary>
public readonly record struct LungSpan(int Row, int Left, int Right)
{
    /// <summary>Columns.</summary>
    public int Width => Right - Left;
}

/// <summary>
/// Measures that radiographs are used for, as the masks give them. There is no cardiothoracic ratio, since there is no mask of the heart.
/// </summary>
public sealed record ChestMeasures
{
    private ChestMeasures(IReadOnlyList<LungMeasures> lungs, LungSpan? widestSpan) => (Lungs, WidestSpan) = (lungs, widestSpan);

    /// <summary>One for each side that has lung.</summary>
    public IReadOnlyList<LungMeasures> Lungs { get; }

    /// <summary>The widest row across both lungs; null where a side has none.</summary>
    public LungSpan? WidestSpan { get; }

    /// <summary>Area of the right lung divided by that of the left; null where either is missing, as are the following.</summary>
    public double? AreaRatio => Ratio(lung => lung.Area);

    /// <summary>Height of the right lung divided by that of the left.</summary>
    public double? HeightRatio => Ratio(lung => lung.Height);

    /// <summary>Width of the right lung divided by that of the left.</summary>
    public double? WidthRatio => Ratio(lung => lung.Width);

    /// <summary>Rows by which the right apex is below the left; negative where it is above.</summary>
    public int? ApexDifference => Of(LungSide.Right) is { } right && Of(LungSide.Left) is { } left ? right.Apex.Y - left.Apex.Y : null;

    /// <summary>Rows by which the right base is below the left; negative where it is above.</summary>
    public int? BaseDifference => Of(LungSide.Right) is { } right && Of(LungSide.Left) is { } left ? right.Base.Y - left.Base.Y : null;

    /// <summary>The lung of a side; null where it has none.</summary>
    public LungMeasures? Of(LungSide side) => Lungs.FirstOrDefault(lung => lung.Side == side);

    /// <summary>Measures a result's mask.</summary>
    public static ChestMeasures Of(LungSegmentation result)
    {
        ArgumentNullException.ThrowIfNull(result);
        SidedMask mask = result.Sided;
        Lung? right = mask.Statistics.Of(LungSide.Right), left = mask.Statistics.Of(LungSide.Left);
        return new ChestMeasures(
            [.. Enum.GetValues<LungSide>().Select(side => mask.Statistics.Of(side)).OfType<Lung>().Select(lung => new LungMeasures(
                lung.Side, lung.Area, lung.Width, lung.Height, MiddleOf(mask, lung, lung.Top), MiddleOf(mask, lung, lung.Bottom - 1)))],
            right is not null && left is not null ? Widest(mask, right, left) : null);
    }

    private double? Ratio(Func<LungMeasures, int> size) =>
        Of(LungSide.Right) is { } right && Of(LungSide.Left) is { } left ? (double)size(right) / size(left) : null;

    private static LungPoint MiddleOf(SidedMask mask, Lung lung, int row)
    {
        byte value = SidedMask.ValueOf(lung.Side);
        (long sum, int count) = (0, 0);
        for (int x = lung.Left; x < lung.Right; x++)
            if (mask.Sides[row * mask.Width + x] == value)
                (sum, count) = (sum + x, count + 1);
        return new LungPoint((double)sum / count, row);
    }

    /// <summary>Rows that both lungs reach; of several that are as wide, the highest.</summary>
    private static LungSpan? Widest(SidedMask mask, Lung right, Lung left)
    {
        LungSpan? widest = null;
        for (int y = Math.Max(right.Top, left.Top); y < Math.Min(right.Bottom, left.Bottom); y++)
        {
            ReadOnlySpan<byte> row = mask.Sides.AsSpan(y * mask.Width, mask.Width);
            if (!row.Contains(SidedMask.ValueOf(LungSide.Right)) || !row.Contains(SidedMask.ValueOf(LungSide.Left)))
                continue;
            LungSpan span = new(y, row.IndexOfAnyExcept((byte)0), row.LastIndexOfAnyExcept((byte)0) + 1);
            if (widest is null || span.Width > widest.Value.Width)
                widest = span;
        }
        return widest;
    }
}
