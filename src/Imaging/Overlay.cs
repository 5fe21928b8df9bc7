using LungSeg.Imaging.Masks;
using LungSeg.IO;

namespace LungSeg.Imaging;

/// <summary>
/// Shows a mask on its X-ray: a light tint and an outline, in colours that colour-blind readers can tell apart (Okabe and Ito):
/// orange for the patient's right lung, blue for the left, purple for a part that is both.
/// </summary>
public static class Overlay
{
    private const int TintPercent = 22, RowsAtOnce = 32;
    private const double OutlineShare = 1.0 / 340;

    /// <summary>The red, green and blue that a side is drawn in.</summary>
    public static (byte Red, byte Green, byte Blue) ColorOf(LungSide side) => side switch
    {
        LungSide.Right => (230, 159, 0),
        LungSide.Left => (86, 180, 233),
        _ => (204, 121, 167),
    };

    /// <summary>
    /// The image as it is shown, height x width bytes. 16-bit images are stretched to their own range, as their high bytes alone
    /// may be nearly black.
    /// </summary>
    internal static byte[] Grey(Radiograph image)
    {
        ArgumentNullException.ThrowIfNull(image);
        return image.BitDepth == 8 ? image.ToGrey8() : Stretch(image);
    }

    /// <summary>Draws height x width x 3 bytes: the lungs on <see cref="Grey"/>.</summary>
    /// <exception cref="ImageException">Image and mask differ in size.</exception>
    public static byte[] Draw(Radiograph image, LungMask mask)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(mask);
        return Draw(image, SidedMask.Of(mask, image.PatientLeftIsOnTheRight));
    }

    /// <summary>Draws as <see cref="Draw(Radiograph, LungMask)"/> does.</summary>
    internal static byte[] Draw(Radiograph image, SidedMask mask)
    {
        if (image.Width != mask.Width || image.Height != mask.Height)
            throw new ImageException(
                $"the mask's {mask.Width} x {mask.Height} pixels do not lie on the image's {image.Width} x {image.Height}; resize the "
                    + "mask first");
        byte[] grey = Grey(image);
        byte[] rgb = new byte[grey.Length * 3];
        byte[][] tints = [.. Enum.GetValues<LungSide>().Select(TintOf)];
        int width = mask.Width, reach = Reach(mask);
        ForRows(mask.Height, (first, last) =>
        {
            OutlineRow outline = new(mask, reach);
            for (int y = first; y < last; y++)
            {
                ReadOnlySpan<byte> shades = grey.AsSpan(y * width, width), sides = mask.Sides.AsSpan(y * width, width),
                    edge = outline.Of(y);
                Span<byte> target = rgb.AsSpan(3 * y * width, 3 * width);
                for (int x = 0; x < width; x++)
                {
                    Span<byte> pixel = target.Slice(3 * x, 3);
                    if (sides[x] == 0)
                        (pixel[0], pixel[1], pixel[2]) = (shades[x], shades[x], shades[x]);
                    else if (edge[x] != 0)
                        (pixel[0], pixel[1], pixel[2]) = ColorOf(SidedMask.SideOf(sides[x]));
                    else
                        tints[sides[x] - 1].AsSpan(3 * shades[x], 3).CopyTo(pixel);
                }
            }
        });
        return rgb;
    }

    /// <summary>The outlines alone: height x width x 4 bytes, red, green, blue and alpha, transparent elsewhere.</summary>
    internal static byte[] DrawOutline(SidedMask mask)
    {
        int width = mask.Width, reach = Reach(mask);
        byte[] rgba = new byte[mask.Sides.Length * 4];
        ForRows(mask.Height, (first, last) =>
        {
            OutlineRow outline = new(mask, reach);
            for (int y = first; y < last; y++)
            {
                ReadOnlySpan<byte> edge = outline.Of(y);
                for (int x = edge.IndexOf((byte)1); x >= 0 && x < width; x++)
                {
                    int at = y * width + x;
                    if (edge[x] == 0 || mask.Sides[at] == 0)
                        continue;
                    (byte red, byte green, byte blue) = ColorOf(SidedMask.SideOf(mask.Sides[at]));
                    (rgba[4 * at], rgba[4 * at + 1], rgba[4 * at + 2], rgba[4 * at + 3]) = (red, green, blue, 255);
                }
            }
        });
        return rgba;
    }

    /// <summary>The width of the outline in pixels.</summary>
    private static int Reach(SidedMask mask) => Math.Max(1, (int)Math.Round(Math.Min(mask.Width, mask.Height) * OutlineShare));

    private static void ForRows(int height, Action<int, int> draw) => AllProcessors.For(
        (height + RowsAtOnce - 1) / RowsAtOnce, band => draw(band * RowsAtOnce, Math.Min(height, (band + 1) * RowsAtOnce)));

    /// <summary>For each grey value the red, green and blue of it under a side's tint.</summary>
    private static byte[] TintOf(LungSide side)
    {
        (byte red, byte green, byte blue) = ColorOf(side);
        byte[] tint = new byte[3 * 256];
        for (int grey = 0; grey < 256; grey++)
            (tint[3 * grey], tint[3 * grey + 1], tint[3 * grey + 2]) = (Mix(grey, red), Mix(grey, green), Mix(grey, blue));
        return tint;
    }

    private static byte Mix(int grey, int color) => (byte)((grey * (100 - TintPercent) + color * TintPercent + 50) / 100);

    private static byte[] Stretch(Radiograph image)
    {
        int channels = image.Channels, width = image.Width;
        (int low, int high) = image.Extent();
        int range = Math.Max(1, high - low);
        byte[] table = [.. Enumerable.Range(0, range + 1).Select(v => (byte)(v * 255L / range))], grey = new byte[width * image.Height];
        ForRows(image.Height, (first, last) =>
        {
            ReadOnlySpan<ushort> samples = image.Samples;
            for (int i = first * width; i < last * width; i++)
            {
                int value = channels == 1 ? samples[i]
                    : (samples[3 * i] * 299 + samples[3 * i + 1] * 587 + samples[3 * i + 2] * 114) / 1000;
                grey[i] = table[value - low];
            }
        });
        return grey;
    }
}
