using System.Buffers.Binary;
using System.IO.Compression;
using System.Numerics;
using System.Runtime.InteropServices;
using LungSeg.Imaging.Codecs.Jpeg;

namespace LungSeg.Imaging.Codecs;

/// <summary>
/// Decodes one strip or tile of a TIFF file to rows of packed samples, 16-bit ones in the machine's byte order. Data that ends before the
/// segment's last byte is refused: what lacks would be a hole in the image.
/// </summary>
internal static class TiffSegments
{
    /// <summary>How many bytes one byte of a coding can stand for at most.</summary>
    public static long MaxGain(TiffLayout layout) => layout.Compression switch
    {
        TiffCompression.None => 1,
        TiffCompression.PackBits => 64,
        TiffCompression.Deflate or TiffCompression.OldDeflate => 1040,
        // Strings grow by a byte with each code, up to 3839 bytes, and a code takes 9 bits or more.
        TiffCompression.Lzw => 3839,
        // A block of 64 samples takes a bit at least; up to four pixels share a sample of chrominance.
        TiffCompression.Jpeg => 8 * 64 * 4,
        // A row takes a bit at least.
        _ => 8L * layout.RowBytes,
    };

    public static byte[] Decode(ReadOnlySpan<byte> data, TiffLayout layout, int rows, string name)
    {
        byte[] target = new byte[layout.RowBytes * rows];
        if (layout.IsBitReversed && layout.Compression != TiffCompression.Jpeg)
            data = Reverse(data);
        int decoded = layout.Compression switch
        {
            TiffCompression.None => Copy(data, target),
            TiffCompression.PackBits => UnpackBits(data, target),
            TiffCompression.Lzw => TiffLzw.Decode(data, target),
            TiffCompression.Deflate or TiffCompression.OldDeflate => Inflate(data, target),
            TiffCompression.Jpeg => DecodeJpeg(data, layout, rows, target),
            _ => TiffFax.Decode(data, layout, rows, target),
        };
        if (decoded < target.Length)
            throw new ImageException(
                $"the TIFF file is truncated or damaged: the data of {name} ends after {decoded} of {target.Length} bytes of pixels");
        if (layout.Bits == 16 && layout.IsLittleEndian != BitConverter.IsLittleEndian)
        {
            Span<ushort> words = MemoryMarshal.Cast<byte, ushort>(target.AsSpan());
            BinaryPrimitives.ReverseEndianness(words, words);
        }
        if (layout.HasPredictor)
            UndoPredictor(target, layout);
        return target;
    }

    private static int Copy(ReadOnlySpan<byte> data, Span<byte> target)
    {
        int count = Math.Min(data.Length, target.Length);
        data[..count].CopyTo(target);
        return count;
    }

    private static byte[] Reverse(ReadOnlySpan<byte> data)
    {
        byte[] reversed = new byte[data.Length];
        for (int i = 0; i < data.Length; i++)
        {
            int b = data[i];
            b = (b & 0x55) << 1 | b >> 1 & 0x55;
            b = (b & 0x33) << 2 | b >> 2 & 0x33;
            reversed[i] = (byte)(b << 4 | b >> 4);
        }
        return reversed;
    }

    private static int UnpackBits(ReadOnlySpan<byte> data, Span<byte> target)
    {
        int at = 0, to = 0;
        while (to < target.Length && at < data.Length)
        {
            int control = (sbyte)data[at++];
            if (control == -128)
                continue;
            bool literal = control >= 0;
            int length = Math.Min(literal ? control + 1 : 1 - control, target.Length - to);
            if (data.Length - at < (literal ? length : 1))
                return to;
            if (literal)
                data.Slice(at, length).CopyTo(target[to..]);
            else
                target.Slice(to, length).Fill(data[at]);
            (at, to) = (at + (literal ? length : 1), to + length);
        }
        return to;
    }

    private static int Inflate(ReadOnlySpan<byte> data, byte[] target)
    {
        try
        {
            using ZLibStream inflated = Zlib.Inflate(new MemoryStream(data.ToArray(), writable: false));
            return inflated.ReadAtLeast(target, target.Length, throwOnEndOfStream: false);
        }
        catch (InvalidDataException e)
        {
            throw new ImageException("the TIFF file is damaged: its deflated data cannot be inflated", e);
        }
    }

    /// <summary>A stream whose tables may stand in the directory (TIFF Technical Note 2).</summary>
    private static int DecodeJpeg(ReadOnlySpan<byte> data, TiffLayout layout, int rows, byte[] target)
    {
        byte[] stream = layout.JpegTables is [0xFF, 0xD8, .. var tables, 0xFF, 0xD9] && data.Length > 2
            ? [0xFF, 0xD8, .. tables, .. data[2..]] : data.ToArray();
        if (stream is not [0xFF, 0xD8, ..])
            throw new ImageException("the TIFF file is damaged: its JPEG data has no start mark");
        JpegStructure jpeg = JpegStructure.Read(stream);
        int channels = layout.SegmentSamples;
        if (jpeg.Width != layout.Segment.Width || jpeg.Height < rows || jpeg.Height > layout.Segment.Height
            || jpeg.Components.Length != channels || jpeg.Precision != 8)
            throw new ImageException(
                $"the TIFF file is damaged: its JPEG data has {jpeg.Width} x {jpeg.Height} pixels with {jpeg.Components.Length} samples "
                + $"of {jpeg.Precision} bits, "
                + $"{layout.Segment.Width} x {rows} with {channels} of 8 expected");
        JpegPlanes planes = JpegDecoder.Decode(stream, jpeg);
        ushort[] samples = new ushort[jpeg.Width * jpeg.Height * channels];
        for (int c = 0; c < channels; c++)
        {
            ushort[] plane = planes.Read(c);
            for (int i = 0; i < plane.Length; i++)
                samples[i * channels + c] = plane[i];
        }
        if (layout.Photometric == TiffPhotometric.YCbCr && channels == 3)
            JpegColor.ToRgb(samples, precision: 8);
        for (int i = 0; i < target.Length; i++)
            target[i] = (byte)samples[i];
        return target.Length;
    }

    /// <summary>Every sample was stored as its difference to that of the pixel before (TIFF 6.0, section 14).</summary>
    private static void UndoPredictor(byte[] rows, TiffLayout layout)
    {
        int step = layout.SegmentSamples;
        for (int start = 0; start < rows.Length; start += layout.RowBytes)
        {
            Span<byte> row = rows.AsSpan(start, layout.RowBytes);
            if (layout.Bits == 8)
                Accumulate(row, step);
            else
                Accumulate(MemoryMarshal.Cast<byte, ushort>(row), step);
        }
    }

    private static void Accumulate<T>(Span<T> row, int step)
        where T : IBinaryInteger<T>
    {
        for (int i = step; i < row.Length; i++)
            row[i] += row[i - step];
    }
}
