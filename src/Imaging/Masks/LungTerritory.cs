namespace LungSeg.Imaging.Masks;

/// <summary>
/// Shares an image out between its lungs: each pixel belongs to the lung that is the fewest steps away, across sides of pixels.
/// </summary>
internal static class LungTerritory
{
    /// <summary>
    /// For each pixel the value of the nearest one that is not 0: <paramref name="sides"/> as <see cref="SidedMask.Sides"/>. Of two that
    /// are equally near, the one that comes first in the order of rows; all 0 where no pixel is lung. Pixels that are not
    /// <paramref name="wanted"/>, where that is given, may be left 0.
    /// </summary>
    public static byte[] Of(ReadOnlySpan<byte> sides, int width, int height, ReadOnlySpan<bool> wanted = default)
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
        int count = 0, missing = wanted.IsEmpty ? nearest.Length : 0;
        for (int i = 0; i < nearest.Length; i++)
        {
            if (nearest[i] != 0) queue[count++] = i;
            else if (!wanted.IsEmpty && wanted[i]) missing++;
        }
        // Uncertain pixels are near a lung as a rule: the rest of the image is not shared out for them.
        for (int done = 0; done < count && missing > 0; done++)
        {
            int at = queue[done], x = at % width;
            byte side = nearest[at];
            if (at >= width && nearest[at - width] == 0) Take(at - width, side, wanted);
            if (x > 0 && nearest[at - 1] == 0) Take(at - 1, side, wanted);
            if (x < width - 1 && nearest[at + 1] == 0) Take(at + 1, side, wanted);
            if (at < (height - 1) * width && nearest[at + width] == 0) Take(at + width, side, wanted);
        }
        return nearest;

        void Take(int pixel, byte side, ReadOnlySpan<bool> wanted)
        {
            nearest[pixel] = side;
            queue[count++] = pixel;
            if (wanted.IsEmpty || wanted[pixel]) missing--;
        }
    }
}
