namespace LungSeg.Imaging.Masks;

/// <summary>A closed line along the sides of pixels, its corners in order; it neither crosses nor touches itself.</summary>
internal sealed record Ring((int X, int Y)[] Corners)
{
    /// <summary>Enclosed pixels; negative for the ring of a hole.</summary>
    public long SignedArea { get; } = Area(Corners);

    private static long Area((int X, int Y)[] corners)
    {
        long twice = 0;
        (int X, int Y) before = corners[^1];
        foreach ((int X, int Y) corner in corners)
        {
            twice += (long)before.X * corner.Y - (long)corner.X * before.Y;
            before = corner;
        }
        return twice / 2;
    }
}

/// <summary>An outer ring and the holes in it.</summary>
internal sealed record PixelPolygon(Ring Outer, IReadOnlyList<Ring> Holes);

/// <summary>
/// The exact outline of pixels of one value: polygons along the pixels' sides, in coordinates that have the image's corner at 0, 0,
/// so that their areas are counts of pixels. Pixels that touch by a corner alone are in different polygons.
/// </summary>
internal static class PixelOutline
{
    /// <summary>East, south, west, north: a pixel's sides are walked with the pixel on the right hand.</summary>
    private static readonly (int Dx, int Dy)[] Steps = [(1, 0), (0, 1), (-1, 0), (0, -1)];

    public static IReadOnlyList<PixelPolygon> Trace(byte[] pixels, int width, int height, byte value)
    {
        List<Ring> rings = [];
        bool[] walked = new bool[pixels.Length];
        for (int y = 0, at = 0; y < height; y++)
            for (int x = 0; x < width; x++, at++)
                if (pixels[at] == value && !walked[at] && (y == 0 || pixels[at - width] != value))
                    SplitWhereItTouches(Walk(pixels, width, height, value, (x, y), walked), rings);
        return Group(rings);
    }

    /// <summary>Walks round from a pixel's upper side; every upper side on the way is marked at its pixel.</summary>
    private static List<(int X, int Y)> Walk(byte[] pixels, int width, int height, byte value, (int X, int Y) start, bool[] walked)
    {
        List<(int X, int Y)> corners = [];
        (int x, int y) = start;
        int direction = 0;
        do
        {
            if (direction == 0)
                walked[y * width + x] = true;
            x += Steps[direction].Dx;
            y += Steps[direction].Dy;
            (bool left, bool right) = Ahead(x, y, direction);
            int turn = !right ? 1 : left ? 3 : 0;
            if (turn != 0)
                corners.Add((x, y));
            direction = direction + turn & 3;
        }
        while ((x, y) != start || direction != 0);
        return corners;

        // The four pixels that meet at a corner, clockwise from the one to its south-east.
        (bool Left, bool Right) Ahead(int cx, int cy, int heading) => heading switch
        {
            0 => (Is(cx, cy - 1), Is(cx, cy)),
            1 => (Is(cx, cy), Is(cx - 1, cy)),
            2 => (Is(cx - 1, cy), Is(cx - 1, cy - 1)),
            _ => (Is(cx - 1, cy - 1), Is(cx, cy - 1)),
        };

        bool Is(int px, int py) => (uint)px < (uint)width && (uint)py < (uint)height && pixels[py * width + px] == value;
    }

    /// <summary>A walk that comes back to a corner has gone round something: that loop becomes a ring of its own.</summary>
    private static void SplitWhereItTouches(List<(int X, int Y)> walk, List<Ring> rings)
    {
        List<(int X, int Y)> open = [];
        Dictionary<(int X, int Y), int> place = [];
        foreach ((int X, int Y) corner in walk)
        {
            if (place.TryGetValue(corner, out int from))
            {
                rings.Add(new Ring([.. open[from..]]));
                foreach ((int X, int Y) passed in open[from..])
                    place.Remove(passed);
                open.RemoveRange(from, open.Count - from);
            }
            place[corner] = open.Count;
            open.Add(corner);
        }
        rings.Add(new Ring([.. open]));
    }

    /// <summary>Gives each hole to the smallest outer ring round it.</summary>
    private static List<PixelPolygon> Group(List<Ring> rings)
    {
        Ring[] outer = [.. rings.Where(r => r.SignedArea > 0)];
        List<Ring>[] holes = Array.ConvertAll(outer, _ => new List<Ring>());
        foreach (Ring hole in rings.Where(r => r.SignedArea < 0))
        {
            int owner = -1;
            for (int i = 0; i < outer.Length; i++)
                if (outer[i].SignedArea > -hole.SignedArea && Contains(outer[i], hole)
                    && (owner < 0 || outer[i].SignedArea < outer[owner].SignedArea))
                    owner = i;
            holes[owner].Add(hole);
        }
        return [.. outer.Select((ring, i) => new PixelPolygon(ring, holes[i]))];
    }

    /// <summary>Whether a point just inside the hole's first corner lies in the ring: vertical sides to its right are counted.</summary>
    private static bool Contains(Ring ring, Ring hole)
    {
        (int X, int Y) lowest = hole.Corners.Min(c => (c.Y, c.X)) is var (y0, x0) ? (x0, y0) : default;
        (double px, double py) = (lowest.X + 0.5, lowest.Y + 0.5);
        bool inside = false;
        (int X, int Y) before = ring.Corners[^1];
        foreach ((int X, int Y) corner in ring.Corners)
        {
            if (corner.X == before.X && corner.X > px && py > Math.Min(corner.Y, before.Y) && py < Math.Max(corner.Y, before.Y))
                inside = !inside;
            before = corner;
        }
        return inside;
    }
}
