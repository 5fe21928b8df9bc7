using LungSeg.Imaging.Masks;

namespace LungSeg.Imaging;

/// <summary>
/// Shows a mask on its X-ray: a light tint and an outline, in colours that colour-blind readers can tell apart (Okabe and Ito):
/// orange for the patient's right lung, blue for the left, purple for a part that is both.
/// </summary>
public static class Overlay
{
    private const int TintPercent = 22;
    private const double OutlineShare = 1.0 / 340;

    /// <summary>The red, green and blue that a side is drawn in.</summary>
    public static (byte Red, byte Green, byte Blue) ColorOf(LungSide side) => side switch
    {
        LungSide.Right => (230, 159, 0),
        LungSide.Left => (86, 180, 233),
        _ => (204, 121, 167),
    };

    /// <summary>
    /// The picture as it is shown, height x width bytes. 16-bit pictures are stretched to their own range, as their high bytes alone
    /// may be nearly black.
    /// </summary>
    public static byte[] Grey(Radiograph picture) => picture.BitDepth == 8 ? picture.ToGrey8() : Stretch(picture);

    /// <summary>Draws height x width x 3 bytes: the lungs on <see cref="Grey"/>.</summary>
    /// <exception cref="ImageException">Picture and mask differ in size.</exception>
    public static byte[] Draw(Radiograph picture, LungMask mask) => Draw(picture, SidedMask.Of(mask, picture.PatientLeftIsOnTheRight));

    /// <summary>Draws as <see cref="Draw(Radiograph, LungMask)"/> does.</summary>
    internal static byte[] Draw(Radiograph picture, SidedMask mask)
    {
        if (picture.Width != mask.Width || picture.Height != mask.Height)
            throw new ImageException(
                $"the mask's {mask.Width} x {mask.Height} pixels do not lie on the picture's {picture.Width} x {picture.Height}; resize the mask first");
        byte[] grey = Grey(picture);
        byte[] outline = Outline(mask);
        byte[] rgb = new byte[grey.Length * 3];
        for (int i = 0; i < grey.Length; i++)
        {
            Span<byte> pixel = rgb.AsSpan(3 * i, 3);
            pixel.Fill(grey[i]);
            if (mask.Sides[i] == 0)
                continue;
            (byte red, byte green, byte blue) = ColorOf(SidedMask.SideOf(mask.Sides[i]));
            int share = outline[i] != 0 ? 100 : TintPercent;
            pixel[0] = Mix(grey[i], red, share);
            pixel[1] = Mix(grey[i], green, share);
            pixel[2] = Mix(grey[i], blue, share);
        }
        return rgb;
    }

    /// <summary>The outlines alone: height x width x 4 bytes, red, green, blue and alpha, transparent elsewhere.</summary>
    internal static byte[] DrawOutline(SidedMask mask)
    {
        byte[] outline = Outline(mask), rgba = new byte[outline.Length * 4];
        for (int i = 0; i < outline.Length; i++)
            if (outline[i] != 0)
                (rgba[4 * i], rgba[4 * i + 1], rgba[4 * i + 2], rgba[4 * i + 3]) = With255(ColorOf(SidedMask.SideOf(mask.Sides[i])));
        return rgba;

        static (byte, byte, byte, byte) With255((byte Red, byte Green, byte Blue) c) => (c.Red, c.Green, c.Blue, 255);
    }

    /// <summary>1 where lung is as near to the background as the outline is wide.</summary>
    private static byte[] Outline(SidedMask mask)
    {
        int[] depth = Depth(mask);
        int width = 3 * Math.Max(1, (int)Math.Round(Math.Min(mask.Width, mask.Height) * OutlineShare));
        return Array.ConvertAll(depth, d => d > 0 && d <= width ? (byte)1 : (byte)0);
    }

    private static byte Mix(int grey, int color, int percent) => (byte)((grey * (100 - percent) + color * percent + 50) / 100);

    private static byte[] Stretch(Radiograph picture)
    {
        ReadOnlySpan<ushort> samples = picture.Samples;
        (int low, int high) = (ushort.MaxValue, 0);
        foreach (ushort sample in samples)
            (low, high) = (Math.Min(low, sample), Math.Max(high, sample));
        int range = Math.Max(1, high - low), channels = picture.Channels;
        byte[] grey = new byte[picture.Width * picture.Height];
        for (int i = 0; i < grey.Length; i++)
        {
            int value = channels == 1 ? samples[i] : (samples[3 * i] * 299 + samples[3 * i + 1] * 587 + samples[3 * i + 2] * 114) / 1000;
            grey[i] = (byte)((value - low) * 255L / range);
        }
        return grey;
    }

    /// <summary>Distance to the background in thirds of a pixel: the 3-4 chamfer distance (Borgefors 1986) in two sweeps.</summary>
    private static int[] Depth(SidedMask mask)
    {
        (int width, int height) = (mask.Width, mask.Height);
        byte[] pixels = mask.Sides;
        int[] depth = new int[pixels.Length];
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
                depth[y * width + x] = pixels[y * width + x] == 0 ? 0 : Nearest(depth, width, height, x, y, -1);
        for (int y = height - 1; y >= 0; y--)
            for (int x = width - 1; x >= 0; x--)
                depth[y * width + x] = Math.Min(depth[y * width + x], Nearest(depth, width, height, x, y, 1));
        return depth;
    }

    /// <summary>The way over the four neighbours that this sweep has seen; what lies outside the picture is no background.</summary>
    private static int Nearest(int[] depth, int width, int height, int x, int y, int step)
    {
        const int Far = int.MaxValue / 2;
        int at = y * width + x, nearest = Far;
        bool beside = (uint)(x + step) < (uint)width, behind = (uint)(x - step) < (uint)width;
        if (beside)
            nearest = depth[at + step] + 3;
        if ((uint)(y + step) >= (uint)height)
            return nearest;
        int row = at + step * width;
        nearest = Math.Min(nearest, depth[row] + 3);
        if (beside)
            nearest = Math.Min(nearest, depth[row + step] + 4);
        if (behind)
            nearest = Math.Min(nearest, depth[row - step] + 4);
        return nearest;
    }
}
