using LungSeg.Imaging.Masks;

namespace LungSeg.Imaging.Scoring;

/// <summary>A box of pixels; the far sides are exclusive.</summary>
public readonly record struct PixelBox(int Left, int Top, int Right, int Bottom)
{
    /// <summary>Columns.</summary>
    public int Width => Right - Left;

    /// <summary>Rows.</summary>
    public int Height => Bottom - Top;
}

/// <summary>
/// What the study's own code does around the networks of its second stage, bit for bit, its oddities included: of more than two parts of
/// the lungs
/// the first two met count, one part alone counts for both lungs, and an empty mask crops the image but for its last row and column.
/// </summary>
internal static class StudyScoring
{
    /// <summary>Side of the masks that parts are counted on.</summary>
    public const int Side = StudyCleanup.SavedSide;

    /// <summary>The boxes of the lungs' parts, in the order in which OpenCV labels them.</summary>
    public static IReadOnlyList<PixelBox> Boxes(LungMask lungs) => [.. Parts(lungs).Select(Box)];

    /// <summary>What is cut out for the lesion network.</summary>
    public static PixelBox Crop(LungMask lungs)
    {
        IReadOnlyList<PixelBox> boxes = Boxes(lungs);
        return boxes.Count == 0 ? new PixelBox(0, 0, lungs.Width - 1, lungs.Height - 1)
            : new PixelBox(
                boxes.Min(box => box.Left), boxes.Min(box => box.Top), boxes.Max(box => box.Right), boxes.Max(box => box.Bottom));
    }

    /// <summary>
    /// The lesion network's input, 3 x size x size: the image on the lungs alone, cut out, in [0, 1], resized, normalised.
    /// </summary>
    /// <param name="image">The image at the lung mask's size, height x width x 3 bytes, channels in the network's order.</param>
    /// <param name="lungs">The lungs after the study's clean-up.</param>
    /// <param name="size">Height and width of the network's input.</param>
    /// <param name="mean">What is subtracted from each channel.</param>
    /// <param name="std">What each channel is divided by after that.</param>
    public static float[] NetworkInput(
        ReadOnlySpan<byte> image, LungMask lungs, int size, IReadOnlyList<float> mean, IReadOnlyList<float> std)
    {
        PixelBox crop = Crop(lungs);
        float[] input = new float[3 * size * size], plane = new float[crop.Width * crop.Height];
        for (int channel = 0; channel < 3; channel++)
        {
            for (int y = 0; y < crop.Height; y++)
            {
                for (int x = 0; x < crop.Width; x++)
                {
                    int pixel = ((crop.Top + y) * lungs.Width) + crop.Left + x;
                    plane[(y * crop.Width) + x] = image[(3 * pixel) + channel] * lungs.Pixels[pixel] / 255f;
                }
            }
            float[] resized = BicubicResize.Resize(plane, crop.Width, crop.Height, size, size);
            for (int i = 0; i < resized.Length; i++) input[(channel * size * size) + i] = (resized[i] - mean[channel]) / std[channel];
        }
        return input;
    }

    /// <summary>Lungs and lesions in the crop, stretched to the size on which parts are counted.</summary>
    /// <param name="lungs">The lungs after the study's clean-up.</param>
    /// <param name="lesions">The lesion network's probabilities, times the rounded label.</param>
    public static (LungMask Lungs, LungMask Lesions) Masks(LungMask lungs, ProbabilityMap lesions)
    {
        PixelBox crop = Crop(lungs);
        byte[] cut = new byte[crop.Width * crop.Height];
        for (int y = 0; y < crop.Height; y++)
        {
            int start = ((crop.Top + y) * lungs.Width) + crop.Left;
            lungs.Pixels.Slice(start, crop.Width).CopyTo(cut.AsSpan(y * crop.Width));
        }
        var stretched = new LungMask(Side, Side, OpenCvResize.Linear(cut, crop.Width, crop.Height, 1, Side, Side));
        return (stretched, Stretch(lesions).Threshold(0.5f));
    }

    /// <summary>The score from masks of <see cref="Side"/> x <see cref="Side"/>; left and right are the image's.</summary>
    public static LesionScore Score(LungMask lungs, LungMask lesions)
    {
        Component[] parts = [.. Parts(lungs).Take(2)];
        if (parts.Length == 0) parts = [default];
        if (parts.Length == 1) parts = [parts[0], parts[0]];
        (Component left, Component right) = (int)parts[0].CenterX < (int)parts[1].CenterX ? (parts[0], parts[1]) : (parts[1], parts[0]);
        return LesionScore.Of(Inside(lungs, left), "left", Inside(lungs, right), "right", lesions);
    }

    // OpenCV's linear resize of floats, which adds a share of the difference; a pixel may lie at the threshold itself.
    private static ProbabilityMap Stretch(ProbabilityMap map)
    {
        (int[] left, int[] right, float[] columns) = BilinearResize.Table(map.Width, Side);
        (int[] upper, int[] lower, float[] rows) = BilinearResize.Table(map.Height, Side);
        float[] values = new float[Side * Side];
        for (int y = 0; y < Side; y++)
        {
            for (int x = 0; x < Side; x++)
            {
                float above = Across(upper[y], x), below = Across(lower[y], x);
                values[(y * Side) + x] = above + (rows[y] * (below - above));
            }
        }
        return new ProbabilityMap(Side, Side, values);

        float Across(int row, int x)
        {
            float before = map.Values[(row * map.Width) + left[x]], after = map.Values[(row * map.Width) + right[x]];
            return before + (columns[x] * (after - before));
        }
    }

    // OpenCV labels blocks of 2 x 2 pixels, row by row: of parts that begin in the same two rows the one further left comes first.
    private static IEnumerable<Component> Parts(LungMask mask)
    {
        ConnectedComponents parts = ConnectedComponents.Of(mask);
        int[] labels = parts.ToLabels(), first = new int[parts.Components.Count + 1];
        Array.Fill(first, int.MaxValue);
        int blocks = (mask.Width + 1) / 2;
        for (int i = 0; i < labels.Length; i++)
        {
            int block = (i / mask.Width / 2 * blocks) + (i % mask.Width / 2);
            first[labels[i]] = Math.Min(first[labels[i]], block);
        }
        return parts.Components.OrderBy(part => first[part.Label]);
    }

    private static PixelBox Box(Component part) => new(part.Left, part.Top, part.Right, part.Bottom);

    // All of the mask in the part's box, whichever part it belongs to.
    private static LungMask Inside(LungMask mask, Component part)
    {
        byte[] pixels = new byte[mask.Pixels.Length];
        for (int y = part.Top; y < part.Bottom; y++)
        {
            int start = (y * mask.Width) + part.Left;
            mask.Pixels[start..(start + part.Right - part.Left)].CopyTo(pixels.AsSpan(start));
        }
        return new LungMask(mask.Width, mask.Height, pixels);
    }
}
