using LungSeg.Imaging.Masks;

namespace LungSeg.Imaging.Quality;

/// <summary>A single object on an even background that reaches all round it: the body in a slice of CT, hardly ever a radiograph.</summary>
internal static class Island
{
    private const double EvenShare = 0.98, Background = 0.06, Object = 0.1, LeastArea = 0.1;

    /// <summary>How much of its bounding box the largest object fills, its holes included; null where it touches the edge or the background is uneven.</summary>
    public static double? FillOf(SampledResult s, float range)
    {
        float[] edge = Edge(s);
        Array.Sort(edge);
        float background = edge[edge.Length / 2];
        if (edge.Count(v => Math.Abs(v - background) < Background * range) < EvenShare * edge.Length)
            return null;
        byte[] pixels = Array.ConvertAll(s.Grey, v => Math.Abs(v - background) > Object * range ? (byte)1 : (byte)0);
        LungMask objects = FixedCleanup.FillHoles(FixedCleanup.KeepLargest(new LungMask(s.Width, s.Height, pixels), 1));
        if (ConnectedComponents.Of(objects).Components is not [var largest] || largest.Area < LeastArea * pixels.Length
            || largest.Left == 0 || largest.Top == 0 || largest.Right == s.Width || largest.Bottom == s.Height)
            return null;
        return (double)largest.Area / ((largest.Right - largest.Left) * (largest.Bottom - largest.Top));
    }

    private static float[] Edge(SampledResult s)
    {
        List<float> edge = [.. s.Grey[..s.Width], .. s.Grey[^s.Width..]];
        for (int y = 0; y < s.Height; y++)
            edge.AddRange([s.Grey[y * s.Width], s.Grey[(y + 1) * s.Width - 1]]);
        return [.. edge];
    }
}
