namespace LungSeg.Imaging.Masks;

/// <summary>
/// The outline of the lungs, row by row: lung no farther from background than the outline is wide, by the 3-4 chamfer distance
/// (Borgefors 1986), whose discs are octagons. Runs of background in the rows near by are widened by the octagon's width there; what
/// lies outside the image is no background.
/// </summary>
internal sealed class OutlineRow(SidedMask mask, int reach)
{
    private readonly byte[] _near = new byte[mask.Width];

    /// <summary>1 where background is near enough; lung there is the outline. Valid until the next call.</summary>
    public ReadOnlySpan<byte> Of(int y)
    {
        int width = mask.Width;
        Array.Clear(_near);
        if (!mask.Sides.AsSpan(y * width, width).ContainsAnyExcept((byte)0))
            return _near;
        for (int dy = -reach; dy <= reach; dy++)
        {
            if ((uint)(y + dy) >= (uint)mask.Height)
                continue;
            ReadOnlySpan<byte> row = mask.Sides.AsSpan((y + dy) * width, width);
            int across = Across(Math.Abs(dy));
            for (int x = 0; x < width;)
            {
                int start = row[x..].IndexOf((byte)0);
                if (start < 0)
                    break;
                start += x;
                int length = row[start..].IndexOfAnyExcept((byte)0);
                int end = length < 0 ? width : start + length, left = Math.Max(0, start - across);
                _near.AsSpan(left, Math.Min(width, end + across) - left).Fill(1);
                x = end;
            }
        }
        return _near;
    }

    /// <summary>
    /// The most columns that the octagon reaches at a distance of rows: 3 times the greater and once the smaller of both is at most 3 times
    /// the reach.
    /// </summary>
    private int Across(int rows)
    {
        int columns = reach;
        while (3 * Math.Max(columns, rows) + Math.Min(columns, rows) > 3 * reach)
            columns--;
        return columns;
    }
}
