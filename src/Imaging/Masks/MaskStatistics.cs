namespace LungSeg.Imaging.Masks;

/// <summary>A part of a mask and the patient's side that it lies on.</summary>
public readonly record struct LungPart(LungSide Side, Component Component);

/// <summary>All parts of a mask on one of the patient's sides, taken together. The box's far sides are exclusive; pixels.</summary>
public sealed record Lung(LungSide Side, int Parts, int Area, int Left, int Top, int Right, int Bottom, double CenterX, double CenterY)
{
    /// <summary>Columns of the box.</summary>
    public int Width => Right - Left;

    /// <summary>Rows of the box.</summary>
    public int Height => Bottom - Top;
}

/// <summary>Sizes and places of the lungs in a mask, in pixels.</summary>
/// <param name="Width">Columns of the mask.</param>
/// <param name="Height">Rows of the mask.</param>
/// <param name="Area">Lung pixels.</param>
/// <param name="Parts">The 8-connected parts, the largest first.</param>
public sealed record MaskStatistics(int Width, int Height, int Area, IReadOnlyList<LungPart> Parts)
{
    /// <summary>Lung pixels as a share of all, 0 to 1.</summary>
    public double AreaShare => Area / ((double)Width * Height);

    /// <summary>Width of the right lung's box divided by that of the left; null where either is missing.</summary>
    public double? WidthRatio => Of(LungSide.Right) is { } right && Of(LungSide.Left) is { } left ? (double)right.Width / left.Width : null;

    /// <summary>Lung area in square millimetres where the pixel spacing is known.</summary>
    public double? AreaIn(PixelSpacing? spacing) => spacing is { } s ? Area * s.SquareMillimetres : null;

    /// <summary>The lung of a side; null where no part lies there.</summary>
    public Lung? Of(LungSide side)
    {
        Component[] parts = [.. Parts.Where(p => p.Side == side).Select(p => p.Component)];
        if (parts.Length == 0)
            return null;
        int area = parts.Sum(p => p.Area);
        return new Lung(
            side, parts.Length, area, parts.Min(p => p.Left), parts.Min(p => p.Top), parts.Max(p => p.Right), parts.Max(p => p.Bottom),
            parts.Sum(p => p.CenterX * p.Area) / area, parts.Sum(p => p.CenterY * p.Area) / area);
    }

    /// <summary>Measures a mask; the orientation is the radiograph's.</summary>
    public static MaskStatistics Of(LungMask mask, bool? patientLeftIsOnTheRight = null)
    {
        ArgumentNullException.ThrowIfNull(mask);
        return SidedMask.Of(mask, patientLeftIsOnTheRight).Statistics;
    }
}
