namespace LungSeg.Imaging.Masks;

/// <summary>
/// A closed line around a part of a lung or a hole in it, x and y in pixels from the mask's upper left corner: along the pixels' sides,
/// with corners left out that do not show at some smaller size.
/// </summary>
public sealed record Outline(LungSide Side, bool IsHole, IReadOnlyList<(int X, int Y)> Corners)
{
    /// <summary>
    /// Outlines a result's lungs; the line stays within <paramref name="tolerance"/> pixels of every corner (Ramer 1972, Douglas and
    /// Peucker 1973).
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The tolerance is negative or not a number.</exception>
    public static IReadOnlyList<Outline> Trace(LungSegmentation result, double tolerance)
    {
        ArgumentNullException.ThrowIfNull(result);
        if (!(tolerance >= 0)) throw new ArgumentOutOfRangeException(nameof(tolerance), tolerance,
            "a tolerance of 0 pixels or more expected");
        SidedMask mask = result.Sided;
        List<Outline> outlines = [];
        foreach (LungSide side in Enum.GetValues<LungSide>().Where(side => result.Statistics.Of(side) is not null))
            foreach (PixelPolygon polygon in PixelOutline.Trace(mask.Sides, mask.Width, mask.Height, SidedMask.ValueOf(side)))
            {
                outlines.Add(new Outline(side, false, Simplify(polygon.Outer.Corners, tolerance)));
                outlines.AddRange(polygon.Holes.Select(hole => new Outline(side, true, Simplify(hole.Corners, tolerance))));
            }
        return outlines;
    }

    /// <summary>A ring with fewer corners, which stays within the tolerance of every one of them.</summary>
    internal static (int X, int Y)[] Simplify((int X, int Y)[] ring, double tolerance)
    {
        bool[] kept = new bool[ring.Length];
        int far = Farthest(ring, 0, ring.Length);
        kept[0] = kept[far] = true;
        // Stretches of the ring, still to be divided; an end of ring.Length is the first corner again.
        Stack<(int Start, int End)> stretches = new([(0, far), (far, ring.Length)]);
        while (stretches.TryPop(out (int Start, int End) stretch))
        {
            int middle = Farthest(ring, stretch.Start, stretch.End);
            if (Distance(ring[middle], ring[stretch.Start], ring[stretch.End % ring.Length]) <= tolerance)
                continue;
            kept[middle] = true;
            stretches.Push((stretch.Start, middle));
            stretches.Push((middle, stretch.End));
        }
        return [.. ring.Where((_, i) => kept[i])];
    }

    private static int Farthest((int X, int Y)[] ring, int start, int end)
    {
        int farthest = start;
        double maximum = 0;
        for (int i = start + 1; i < end; i++)
        {
            double distance = Distance(ring[i], ring[start], ring[end % ring.Length]);
            if (distance > maximum)
                (farthest, maximum) = (i, distance);
        }
        return farthest;
    }

    /// <summary>From a point to the stretch between a and b.</summary>
    private static double Distance((int X, int Y) p, (int X, int Y) a, (int X, int Y) b)
    {
        double dx = b.X - a.X, dy = b.Y - a.Y, length = dx * dx + dy * dy;
        double t = length == 0 ? 0 : Math.Clamp(((p.X - a.X) * dx + (p.Y - a.Y) * dy) / length, 0, 1);
        return Math.Sqrt(Math.Pow(p.X - a.X - t * dx, 2) + Math.Pow(p.Y - a.Y - t * dy, 2));
    }
}
