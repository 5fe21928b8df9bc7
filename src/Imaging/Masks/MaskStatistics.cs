namespace LungSeg.Imaging.Masks;

/// <summary>A part of a mask and the patient's side that it lies on.</summary>
public readonly record struct LungPart(LungSide Side, Component Component);

/// <summary>Sizes and places of the lungs in a mask, in pixels.</summary>
/// <param name="Width">Columns of the mask.</param>
/// <param name="Height">Rows of the mask.</param>
/// <param name="Area">Lung pixels.</param>
/// <param name="Parts">The 8-connected parts, the largest first.</param>
public sealed record MaskStatistics(int Width, int Height, int Area, IReadOnlyList<LungPart> Parts)
{
    /// <summary>Lung pixels as a share of all, 0 to 1.</summary>
    public double AreaShare => Area / ((double)Width * Height);

    /// <summary>Lung area in square millimetres where the pixel spacing is known.</summary>
    public double? AreaIn(PixelSpacing? spacing) => spacing is { } s ? Area * s.RowMillimetres * s.ColumnMillimetres : null;

    /// <summary>Measures a mask; the orientation is the radiograph's.</summary>
    public static MaskStatistics Of(LungMask mask, bool? patientLeftIsOnTheRight = null)
    {
        IReadOnlyList<Component> parts = ConnectedComponents.Of(mask).Components;
        LungSide[] sides = LungSides.Of(parts, mask.Width, patientLeftIsOnTheRight);
        LungPart[] sorted = [.. parts.Select((part, i) => new LungPart(sides[i], part)).OrderByDescending(p => p.Component.Area)];
        return new MaskStatistics(mask.Width, mask.Height, mask.Area, sorted);
    }
}
