namespace LungSeg.Imaging.Masks;

/// <summary>
/// Shares an image out between its lungs: each pixel belongs to the lung that is the fewest steps away, across sides of pixels.
/// </summary>
internal static class LungTerritory
{
    /// <summary>
    /// For each pixel the value of the nearest one that is not 0: <paramref name="sides"/> as <see cref="SidedMask.Sides"/>. Of two that
    /// are equally near, the one that comes first in the order of rows; all 0 where no pixel is lung.
    /// </summary>
    public static byte[] Of(ReadOnlySpan<byte> sides, int width, int height)
    {
        byte[] nearest = sides.ToArray();
        int first = sides.IndexOfAnyExcept((byte)0);
        if (first < 0)
            return nearest;
        if (!sides.ContainsAnyExcept((byte)0, sides[first]))
        {
            nearest.AsSpan().Fill(sides[first]);
            return nearest;
        }
        int[] queue = new int[nearest.Length];
        int count = 0;
        for (int i = 0; i < nearest.Length; i++)
            if (nearest[i] != 0)
                queue[count++] = i;
        for (int done = 0; done < count; done++)
        {
            int at = queue[done], x = at % width;
            if (at >= width)
                Take(at - width, at);
            if (x > 0)
                Take(at - 1, at);
            if (x < width - 1)
                Take(at + 1, at);
            if (at < (height - 1) * width)
                Take(at + width, at);
        }
        return nearest;

        void Take(int pixel, int from)
        {
            if (nearest[pixel] != 0)
                return;
            nearest[pixel] = nearest[from];
            queue[count++] = pixel;
        }
    }
}
