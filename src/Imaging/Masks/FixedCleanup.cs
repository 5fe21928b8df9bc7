namespace LungSeg.Imaging.Masks;

/// <summary>The default clean-up: the two largest parts are the lungs, and lungs have no holes.</summary>
public static class FixedCleanup
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
        bool[] kept = new bool[parts.Components.Count + 1];
        foreach (Component part in parts.Components.OrderByDescending(c => c.Area).Take(count))
            kept[part.Label] = true;
        byte[] pixels = new byte[mask.Pixels.Length];
        ReadOnlySpan<int> labels = parts.Labels;
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = kept[labels[i]] ? (byte)1 : (byte)0;
        return new LungMask(mask.Width, mask.Height, pixels);
    }

    /// <summary>Fills background that no path of side-by-side background pixels connects with the picture's edge.</summary>
    public static LungMask FillHoles(LungMask mask)
    {
        ConnectedComponents background = ConnectedComponents.Of(mask.Pixels, mask.Width, mask.Height, 0, diagonal: false);
        bool[] hole = new bool[background.Components.Count + 1];
        foreach (Component c in background.Components)
            hole[c.Label] = c.Left > 0 && c.Top > 0 && c.Right < mask.Width && c.Bottom < mask.Height;
        byte[] pixels = mask.Pixels.ToArray();
        ReadOnlySpan<int> labels = background.Labels;
        for (int i = 0; i < pixels.Length; i++)
            if (hole[labels[i]])
                pixels[i] = 1;
        return new LungMask(mask.Width, mask.Height, pixels);
    }
}
