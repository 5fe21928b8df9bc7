namespace LungSeg.Imaging.Classes;

/// <summary>A class that a network of several tells: its name, and the colour it is drawn in.</summary>
public sealed record ImageClass(string Name, byte Red, byte Green, byte Blue)
{
    // Okabe and Ito's colours, which colour-blind readers can tell apart.
    private static readonly (byte Red, byte Green, byte Blue)[] Palette =
    [
        (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0), (204, 121, 167), (150, 150, 150),
    ];

    /// <summary>A class in the colour of its number; numbers beyond the palette begin again.</summary>
    public static ImageClass Of(string name, int number)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        (byte red, byte green, byte blue) = Palette[number % Palette.Length];
        return new ImageClass(name, red, green, blue);
    }
}

/// <summary>Where the classes of an image are, on its own pixels.</summary>
/// <param name="Image">The image.</param>
/// <param name="Labels">For each pixel, row by row, the number of its class; 0 is background.</param>
/// <param name="Classes">The classes from number 1 on.</param>
/// <param name="Method">The network and its settings.</param>
public sealed record ClassMap(Radiograph Image, byte[] Labels, IReadOnlyList<ImageClass> Classes, SegmentationMethod Method)
{
    /// <summary>The image.</summary>
    public Radiograph Image { get; init => field = value ?? throw new ArgumentNullException(nameof(value)); } =
        Image ?? throw new ArgumentNullException(nameof(Image));

    /// <summary>For each pixel, row by row, the number of its class; 0 is background.</summary>
    public byte[] Labels { get; init => field = value ?? throw new ArgumentNullException(nameof(value)); } =
        Labels ?? throw new ArgumentNullException(nameof(Labels));

    /// <summary>The pixels of a class, and the box around them, far sides exclusive; null where there are none.</summary>
    public (int Area, int Left, int Top, int Right, int Bottom)? Extent(int number)
    {
        (int area, int left, int top, int right, int bottom) = (0, Image.Width, Image.Height, 0, 0);
        for (int i = 0; i < Labels.Length; i++)
        {
            if (Labels[i] != number) continue;
            (int y, int x) = Math.DivRem(i, Image.Width);
            area++;
            (left, top, right, bottom) = (Math.Min(left, x), Math.Min(top, y), Math.Max(right, x + 1), Math.Max(bottom, y + 1));
        }
        return area == 0 ? null : (area, left, top, right, bottom);
    }
}
