namespace LungSeg.Imaging.Masks;

/// <summary>
/// The clean-up of the study's own code, bit for bit (OpenCV's findContours, contourArea, drawContours and morphologyEx):
/// small parts and small holes alike are filled with background, then two openings and a closing smooth the edge.
/// </summary>
internal static class StudyCleanup
{
    /// <summary>Contours of a smaller polygon area, in pixels of the network's input, are erased.</summary>
    public const double MinimumArea = 6000;

    /// <summary>Side of the masks that the study's code saves, whatever the image's size.</summary>
    public const int SavedSide = 512;

    /// <summary>Cleans a mask of the network's input size.</summary>
    public static LungMask Apply(LungMask mask, double minimumArea = MinimumArea)
    {
        (int width, int height) = (mask.Width, mask.Height);
        byte[] pixels = mask.Pixels.ToArray();
        foreach (Border border in BorderFollowing.Find(mask))
            if (border.PolygonArea() < minimumArea)
                Erase(border, pixels, width);
        pixels = Morphology.Erode(Morphology.Erode(pixels, width, height), width, height);
        pixels = Morphology.Dilate(Morphology.Dilate(pixels, width, height), width, height);
        pixels = Morphology.Erode(Morphology.Dilate(pixels, width, height), width, height);
        return new LungMask(width, height, pixels);
    }

    /// <summary>Resizes to 512 x 512 as the study's code does before saving: linear on bytes, then over one half.</summary>
    public static LungMask ResizeToSaved(LungMask mask) =>
        new(SavedSide, SavedSide, OpenCvResize.Linear(mask.Pixels, mask.Width, mask.Height, 1, SavedSide, SavedSide));

    /// <summary>
    /// Fills the border's polygon, border included. Every step of a border is one pixel long, so a row's crossings are whole
    /// numbers and pair up from left to right.
    /// </summary>
    private static void Erase(Border border, byte[] pixels, int width)
    {
        List<(int Y, int X)> crossings = [];
        (int X, int Y) before = border.Points[^1];
        foreach ((int X, int Y) point in border.Points)
        {
            pixels[point.Y * width + point.X] = 0;
            if (before.Y != point.Y)
                crossings.Add(before.Y < point.Y ? (before.Y, before.X) : (point.Y, point.X));
            before = point;
        }
        crossings.Sort();
        for (int i = 0; i + 1 < crossings.Count; i += 2)
        {
            (int y, int left) = crossings[i];
            pixels.AsSpan(y * width + left, crossings[i + 1].X - left + 1).Clear();
        }
    }
}
