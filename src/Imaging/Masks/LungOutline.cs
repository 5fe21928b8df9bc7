namespace LungSeg.Imaging.Masks;

/// <summary>
/// A part of a lung as DICOM's graphics hold it: a closed line whose last corner is its first, with few enough points for the 16 bits in
/// which an element states its length, the lines of its holes, and the count of its pixels.
/// </summary>
internal sealed record LungOutline(LungSide Side, IReadOnlyList<(int X, int Y)> Outer, IReadOnlyList<IReadOnlyList<(int X, int Y)>> Holes,
    long Area)
{
    /// <summary>Two numbers of 4 bytes for each point in fewer than 65,536 bytes.</summary>
    private const int MaximumPoints = 8191;

    /// <summary>
    /// The outlines of all lungs, side by side, from a result's mask. Where a line has too many corners, those go that bend it least.
    /// </summary>
    public static IReadOnlyList<LungOutline> Of(LungSegmentation result)
    {
        SidedMask mask = result.Sided;
        List<LungOutline> outlines = [];
        foreach (LungSide side in Enum.GetValues<LungSide>().Where(side => result.Statistics.Of(side) is not null))
            foreach (PixelPolygon polygon in PixelOutline.Trace(mask.Sides, mask.Width, mask.Height, SidedMask.ValueOf(side)))
                outlines.Add(new LungOutline(
                    side, Closed(polygon.Outer), [.. polygon.Holes.Select(Closed)],
                    polygon.Outer.SignedArea + polygon.Holes.Sum(hole => hole.SignedArea)));
        return outlines;
    }

    private static (int X, int Y)[] Closed(Ring ring)
    {
        (int X, int Y)[] corners = ring.Corners;
        for (double tolerance = 0.5; corners.Length >= MaximumPoints; tolerance *= 2)
            corners = Outline.Simplify(ring.Corners, tolerance);
        return [.. corners, corners[0]];
    }
}
