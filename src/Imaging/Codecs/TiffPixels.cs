using System.Runtime.InteropServices;

namespace LungSeg.Imaging.Codecs;

/// <summary>Copies a TIFF page's strips or tiles, chunky or planar, into one interleaved array.</summary>
internal static class TiffPixels
{
    /// <summary>Reads so many samples of each pixel, from <paramref name="first"/> on: its colour, or what follows it.</summary>
    public static ushort[] Read(ReadOnlySpan<byte> file, TiffLayout layout, int first, int channels)
    {
        ushort[] samples = new ushort[(long)layout.Width * layout.Height * channels];
        int perPlane = layout.SegmentsAcross * layout.SegmentsDown, index = layout.IsPlanar ? first * perPlane : 0;
        for (int plane = 0; plane < (layout.IsPlanar ? channels : 1); plane++)
            for (int down = 0; down < layout.SegmentsDown; down++)
                for (int across = 0; across < layout.SegmentsAcross; across++, index++)
                {
                    (int offset, int bytes) = layout.Data[index];
                    string name = $"{(layout.IsTiled ? "tile" : "strip")} {index + 1} of {layout.Data.Length}";
                    byte[] rows = TiffSegments.Decode(file.Slice(offset, bytes), layout, layout.Rows(down), name);
                    Place(rows, layout, layout.IsPlanar ? (0, plane, 1) : (first, 0, channels), channels, across * layout.Segment.Width,
                        down * layout.Segment.Height, samples);
                }
        if (layout.Photometric == TiffPhotometric.WhiteIsZero && first == 0)
            for (int i = 0; i < samples.Length; i++)
                samples[i] = (ushort)((1 << layout.Depth) - 1 - samples[i]);
        return samples;
    }

    /// <summary>Copies a segment's pixels: <paramref name="part"/> is their first sample there, the first here, and how many.</summary>
    private static void Place(byte[] rows, TiffLayout layout, (int From, int To, int Count) part, int channels, int x, int y,
        ushort[] samples)
    {
        int columns = Math.Min(layout.Segment.Width, layout.Width - x), lines = Math.Min(layout.Segment.Height, layout.Height - y);
        for (int r = 0; r < lines; r++)
        {
            ReadOnlySpan<byte> row = rows.AsSpan(r * layout.RowBytes, layout.RowBytes);
            Span<ushort> target = samples.AsSpan(((y + r) * layout.Width + x) * channels, columns * channels);
            if (layout.Bits < 8 || layout.Palette is not null)
                Unpack(row, layout, target, columns);
            else
                Copy(row, layout, part, target, channels);
        }
    }

    /// <summary>Samples of fewer than 8 bits, or indices of a palette.</summary>
    private static void Unpack(ReadOnlySpan<byte> row, TiffLayout layout, Span<ushort> target, int columns)
    {
        (int step, int channels, int bits) = (layout.SegmentSamples, layout.Channels, layout.Bits);
        int max = (1 << bits) - 1;
        for (int i = 0; i < columns; i++)
        {
            int value = bits == 8 ? row[i * step] : row[i * bits >> 3] >> 8 - bits - (i * bits & 7) & max;
            for (int c = 0; c < channels; c++)
                target[i * channels + c] = layout.Palette is { } palette ? palette[c][value] : (ushort)(value * 255 / max);
        }
    }

    private static void Copy(ReadOnlySpan<byte> row, TiffLayout layout, (int From, int To, int Count) part, Span<ushort> target,
        int channels)
    {
        ReadOnlySpan<ushort> wide = MemoryMarshal.Cast<byte, ushort>(row);
        int step = layout.SegmentSamples;
        for (int i = 0, at = part.From; i < target.Length; i += channels, at += step)
            for (int c = 0; c < part.Count; c++)
                target[i + part.To + c] = layout.Bits == 8 ? row[at + c] : wide[at + c];
    }
}
