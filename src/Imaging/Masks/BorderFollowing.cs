namespace LungSeg.Imaging.Masks;

/// <summary>A closed border: the lung pixels along the outside of a part or around a hole, in the order of the walk.</summary>
internal readonly record struct Border((int X, int Y)[] Points, bool IsHole)
{
    /// <summary>Area of the polygon through the pixels' centres (OpenCV's contourArea).</summary>
    public double PolygonArea()
    {
        long twice = 0;
        (int X, int Y) before = Points[^1];
        foreach ((int X, int Y) point in Points)
        {
            twice += (long)before.X * point.Y - (long)before.Y * point.X;
            before = point;
        }
        return Math.Abs(twice) / 2.0;
    }
}

/// <summary>
/// All borders of a mask, outer and hole, by border following (Suzuki and Abe 1985, algorithm 1), as OpenCV's findContours
/// yields them without approximation.
/// </summary>
internal static class BorderFollowing
{
    /// <summary>Eight directions, counter-clockwise on the screen from the right.</summary>
    private static readonly (int Dx, int Dy)[] Directions = [(1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1)];

    public static List<Border> Find(LungMask mask)
    {
        // A frame of background spares every look outside.
        int stride = mask.Width + 2;
        int[] marks = new int[stride * (mask.Height + 2)];
        for (int y = 0; y < mask.Height; y++)
            for (int x = 0; x < mask.Width; x++)
                marks[(y + 1) * stride + x + 1] = mask.Pixels[y * mask.Width + x];
        List<Border> borders = [];
        for (int at = stride; at < marks.Length - stride; at++)
        {
            bool outer = marks[at] == 1 && marks[at - 1] == 0, hole = marks[at] >= 1 && marks[at + 1] == 0;
            if (outer || hole)
                borders.Add(new Border(Follow(marks, stride, at, outer ? 4 : 0, borders.Count + 2), !outer));
        }
        return borders;
    }

    /// <summary>
    /// Walks once around. A pixel whose right neighbour was seen empty is marked negative, so that no border is found twice.
    /// </summary>
    private static (int X, int Y)[] Follow(int[] marks, int stride, int start, int from, int mark)
    {
        int[] step = Array.ConvertAll(Directions, d => d.Dy * stride + d.Dx);
        int direction = from;
        do
            direction = direction - 1 & 7;
        while (direction != from && marks[start + step[direction]] == 0);
        if (direction == from)
        {
            marks[start] = -mark;
            return [Point(start, stride)];
        }
        int last = start + step[direction], at = start;
        List<(int X, int Y)> points = [];
        while (true)
        {
            bool rightIsEmpty = false;
            do
            {
                direction = direction + 1 & 7;
                rightIsEmpty |= direction == 0 && marks[at + step[0]] == 0;
            }
            while (marks[at + step[direction]] == 0);
            if (rightIsEmpty)
                marks[at] = -mark;
            else if (marks[at] == 1)
                marks[at] = mark;
            points.Add(Point(at, stride));
            int next = at + step[direction];
            if (next == start && at == last)
                return [.. points];
            (at, direction) = (next, direction + 4);
        }
    }

    private static (int X, int Y) Point(int at, int stride) => (at % stride - 1, at / stride - 1);
}
