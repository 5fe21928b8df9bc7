using System.Runtime.InteropServices;
using BitMiracle.LibTiff.Classic;

namespace LungSeg.Imaging.Codecs;

/// <summary>Copies a TIFF page's strips or tiles, chunky or planar, into one interleaved array.</summary>
internal static class TiffPixels
{
    public static ushort[] Read(Tiff tiff, TiffLayout layout)
    {
        ushort[] samples = new ushort[(long)layout.Width * layout.Height * layout.Channels];
        int planes = layout.Planar ? Math.Min(layout.Channels, layout.StoredInFile) : 1;
        for (int plane = 0; plane < planes; plane++)
        {
            if (tiff.IsTiled())
                ReadTiles(tiff, layout, plane, samples);
            else
                ReadRows(tiff, layout, plane, samples);
        }
        if (layout.Inverted)
            for (int i = 0; i < samples.Length; i++)
                samples[i] = (ushort)((1 << layout.Bits) - 1 - samples[i]);
        return samples;
    }

    private static void ReadRows(Tiff tiff, TiffLayout layout, int plane, ushort[] samples)
    {
        byte[] row = new byte[Math.Max(tiff.ScanlineSize(), RowBytes(layout, layout.Width))];
        for (int y = 0; y < layout.Height; y++)
        {
            if (!tiff.ReadScanline(row, y, (short)plane))
                throw new ImageException($"the TIFF file is damaged or truncated at row {y}");
            Copy(row, layout, plane, samples, 0, y, layout.Width);
        }
    }

    private static void ReadTiles(Tiff tiff, TiffLayout layout, int plane, ushort[] samples)
    {
        int width = tiff.GetField(TiffTag.TILEWIDTH)[0].ToInt(), height = tiff.GetField(TiffTag.TILELENGTH)[0].ToInt();
        if (width <= 0 || height <= 0 || (long)width * height > PictureSize.MaximumPixels)
            throw new ImageException($"the TIFF file is damaged: its tiles are {width} x {height} pixels");
        int stride = RowBytes(layout, width);
        byte[] tile = new byte[Math.Max(tiff.TileSize(), stride * height)];
        for (int y = 0; y < layout.Height; y += height)
        {
            for (int x = 0; x < layout.Width; x += width)
            {
                if (tiff.ReadTile(tile, 0, x, y, 0, (short)plane) < 0)
                    throw new ImageException($"the TIFF file is damaged or truncated at the tile of column {x}, row {y}");
                for (int r = 0; r < Math.Min(height, layout.Height - y); r++)
                    Copy(tile.AsSpan(r * stride, stride), layout, plane, samples, x, y + r, Math.Min(width, layout.Width - x));
            }
        }
    }

    private static int RowBytes(TiffLayout layout, int width) =>
        checked(width * (layout.Planar ? 1 : layout.StoredInFile) * (layout.Bits / 8));

    private static void Copy(ReadOnlySpan<byte> row, TiffLayout layout, int plane, ushort[] samples, int x, int y, int count)
    {
        ReadOnlySpan<ushort> wide = MemoryMarshal.Cast<byte, ushort>(row);
        int step = layout.Planar ? 1 : layout.StoredInFile, channels = layout.Channels;
        Span<ushort> target = samples.AsSpan((y * layout.Width + x) * channels, count * channels);
        for (int i = 0; i < count; i++)
        {
            if (layout.Palette is { } palette)
                for (int c = 0; c < channels; c++)
                    target[i * channels + c] = (ushort)(palette[c][row[i * step]] >> 8);
            else
                for (int c = plane; c < (layout.Planar ? plane + 1 : channels); c++)
                    target[i * channels + c] = Sample(i * step + (layout.Planar ? 0 : c), row, wide, layout.Bits);
        }
    }

    private static ushort Sample(int index, ReadOnlySpan<byte> row, ReadOnlySpan<ushort> wide, int bits) => bits == 8 ? row[index] : wide[index];
}
