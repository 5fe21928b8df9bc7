namespace LungSeg.Imaging.Quality;

/// <summary>How much brighter the surroundings of the lungs are than the lungs: negative where the image is a negative.</summary>
internal static class LungContrast
{
    /// <summary>Width of the band around the lungs, in points of the grid.</summary>
    private const int Band = 12;

    /// <summary>Mean brightness of the band less that of the lungs; 0 where either is empty.</summary>
    public static double Of(SampledResult s)
    {
        ReadOnlySpan<byte> lung = s.Lung.Pixels;
        byte[] near = Near(lung, s.Width, s.Height);
        double inside = 0, outside = 0;
        int insideCount = 0, outsideCount = 0;
        for (int i = 0; i < near.Length; i++)
        {
            if (lung[i] != 0)
                (inside, insideCount) = (inside + s.Grey[i], insideCount + 1);
            else if (near[i] != 0)
                (outside, outsideCount) = (outside + s.Grey[i], outsideCount + 1);
        }
        return insideCount > 0 && outsideCount > 0 ? outside / outsideCount - inside / insideCount : 0;
    }

    /// <summary>Points with lung in the square of the band's width around them, along rows and then along columns.</summary>
    private static byte[] Near(ReadOnlySpan<byte> lung, int width, int height)
    {
        byte[] wide = new byte[lung.Length], near = new byte[lung.Length];
        for (int y = 0; y < height; y++)
            Spread(lung, wide, y * width, 1, width);
        for (int x = 0; x < width; x++)
            Spread(wide, near, x, width, height);
        return near;
    }

    private static void Spread(ReadOnlySpan<byte> from, byte[] to, int start, int step, int count)
    {
        int last = -Band - 1;
        for (int i = 0; i < count + Band; i++)
        {
            if (i < count && from[start + i * step] != 0)
                last = i;
            int center = i - Band;
            if (center >= 0 && last >= center - Band)
                to[start + center * step] = 1;
        }
    }
}
