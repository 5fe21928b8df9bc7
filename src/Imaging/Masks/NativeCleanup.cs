namespace LungSeg.Imaging.Masks;

/// <summary>The default clean-up: the two largest parts are the lungs, and lungs have no holes.</summary>
internal static class NativeCleanup
{
    private const int Lungs = 2;

    /// <summary>Keeps the two largest parts (8-connected; of equal ones the upper) and fills their holes.</summary>
    public static LungMask Apply(LungMask mask) => FillHoles(KeepLargest(mask, Lungs));

    /// <summary>Keeps the <paramref name="count"/> largest parts.</summary>
    public static LungMask KeepLargest(LungMask mask, int count)
    {
        ConnectedComponents parts = ConnectedComponents.Of(mask);
        if (parts.Components.Count <= count)
            return mask;
        byte?[] values = new byte?[parts.Components.Count];
        foreach (Component part in parts.Components.OrderByDescending(c => c.Area).Take(count))
            values[part.Label - 1] = 1;
        byte[] pixels = new byte[mask.Pixels.Length];
        parts.Paint(pixels, values);
        return new LungMask(mask.Width, mask.Height, pixels);
    }

    /// <summary>Fills background that no path of side-by-side background pixels connects with the image's edge.</summary>
    public static LungMask FillHoles(LungMask mask)
    {
        ConnectedComponents background = ConnectedComponents.Of(mask.Pixels, mask.Width, mask.Height, 0, diagonal: false);
        byte?[] values = [.. background.Components.Select(c =>
            c.Left > 0 && c.Top > 0 && c.Right < mask.Width && c.Bottom < mask.Height ? (byte?)1 : null)];
        byte[] pixels = mask.Pixels.ToArray();
        background.Paint(pixels, values);
        return new LungMask(mask.Width, mask.Height, pixels);
    }
}
