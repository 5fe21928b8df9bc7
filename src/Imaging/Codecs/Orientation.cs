using System.Buffers.Binary;

namespace LungSeg.Imaging.Codecs;

/// <summary>The EXIF / TIFF orientation tag: 1 upright, 2 to 8 mirrored or turned.</summary>
internal static class Orientation
{
    private const int Tag = 0x0112, ShortType = 3;

    /// <summary>Reads the tag from an EXIF block (a small TIFF file); 1 where it is absent or makes no sense.</summary>
    public static int ReadExif(ReadOnlySpan<byte> tiff)
    {
        if (tiff.Length < 8 || !(tiff.StartsWith("II*\0"u8) || tiff.StartsWith("MM\0*"u8)))
            return 1;
        bool little = tiff[0] == 'I';
        uint directory = UInt32(tiff[4..], little);
        if (directory > tiff.Length - 2)
            return 1;
        ReadOnlySpan<byte> entries = tiff[((int)directory + 2)..];
        int count = UInt16(tiff[(int)directory..], little);
        for (int i = 0; i < count && entries.Length >= 12; i++, entries = entries[12..])
        {
            if (UInt16(entries, little) != Tag || UInt16(entries[2..], little) != ShortType)
                continue;
            int value = UInt16(entries[8..], little);
            return value is >= 1 and <= 8 ? value : 1;
        }
        return 1;
    }

    /// <summary>Returns the image upright.</summary>
    public static Radiograph Apply(Radiograph image, int orientation)
    {
        if (orientation is < 2 or > 8)
            return image;
        bool transpose = orientation >= 5;
        bool mirrorX = orientation is 2 or 3 or 7 or 8, mirrorY = orientation is 3 or 4 or 6 or 7;
        (int width, int height) = transpose ? (image.Height, image.Width) : (image.Width, image.Height);
        ReadOnlySpan<ushort> source = image.Samples;
        ushort[] turned = new ushort[source.Length];
        int at = 0;
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                (int sx, int sy) = transpose ? (y, x) : (x, y);
                sx = mirrorX ? image.Width - 1 - sx : sx;
                sy = mirrorY ? image.Height - 1 - sy : sy;
                int from = (sy * image.Width + sx) * image.Channels;
                for (int c = 0; c < image.Channels; c++)
                    turned[at++] = source[from + c];
            }
        }
        return new Radiograph(width, height, image.Channels, image.BitDepth, turned)
        {
            Spacing = transpose && image.Spacing is { } s ? new PixelSpacing(s.ColumnMillimetres, s.RowMillimetres) : image.Spacing,
            SpacingSource = image.SpacingSource,
            PatientLeftIsOnTheRight = image.PatientLeftIsOnTheRight,
            Description = image.Description,
            Decisions = image.Decisions,
            Alpha = image.Alpha is { } alpha
                ? Apply(new Radiograph(image.Width, image.Height, 1, image.BitDepth, alpha), orientation).Samples.ToArray() : null,
        };
    }

    private static int UInt16(ReadOnlySpan<byte> at, bool little) =>
        little ? BinaryPrimitives.ReadUInt16LittleEndian(at) : BinaryPrimitives.ReadUInt16BigEndian(at);

    private static uint UInt32(ReadOnlySpan<byte> at, bool little) =>
        little ? BinaryPrimitives.ReadUInt32LittleEndian(at) : BinaryPrimitives.ReadUInt32BigEndian(at);
}
