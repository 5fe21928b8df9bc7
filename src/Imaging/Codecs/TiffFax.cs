using System.Buffers.Binary;
using BitMiracle.LibTiff.Classic;
using LungSeg.IO;

namespace LungSeg.Imaging.Codecs;

/// <summary>
/// The fax codings of a bilevel TIFF strip (ITU-T T.4 and T.6), by LibTiff.NET. It sees a file of one strip that is made here, and nothing
/// of the directory that came from elsewhere; what it only warns of, such as rows that end early, is refused.
/// </summary>
internal static class TiffFax
{
    private const int Header = 8;

    public static int Decode(ReadOnlySpan<byte> data, TiffLayout layout, int rows, byte[] target)
    {
        TiffErrors.Listen();
        try
        {
            byte[] file = MakeFile(data, layout, rows);
            using Tiff tiff = Tiff.ClientOpen("strip", "r", new MemoryStream(file, writable: false), new TiffStream())
                ?? throw TiffErrors.ToException();
            int decoded = tiff.ReadEncodedStrip(0, target, 0, target.Length);
            return TiffErrors.Any ? throw TiffErrors.ToException() : Math.Max(decoded, 0);
        }
        catch (Exception e) when (e is not ImageException && !NoMemory.Is(e))
        {
            throw new ImageException($"the TIFF file is damaged or truncated: {(TiffErrors.Any ? TiffErrors.First : e.Message)}", e);
        }
    }

    private static byte[] MakeFile(ReadOnlySpan<byte> data, TiffLayout layout, int rows)
    {
        TiffField options = layout.Compression == TiffCompression.CcittT6 ? TiffField.T6Options : TiffField.T4Options;
        // The oldest coding has no options, and LibTiff does not know them with it.
        int entries = layout.Compression == TiffCompression.CcittRle ? 9 : 10, start = Header + 2 + 12 * entries + 4;
        byte[] file = new byte[start + data.Length];
        "II*\0"u8.CopyTo(file);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(4), Header);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(Header), (short)entries);
        int at = Header + 2;
        ReadOnlySpan<(TiffField, long)> fields =
        [
            (TiffField.Width, layout.Segment.Width), (TiffField.Height, rows), (TiffField.BitsPerSample, 1),
            (TiffField.Compression, (int)layout.Compression),
            (TiffField.Photometric, (int)layout.Photometric), (TiffField.StripOffsets, start), (TiffField.SamplesPerPixel, 1),
            (TiffField.RowsPerStrip, rows), (TiffField.StripByteCounts, data.Length),
            (options, layout.FaxOptions),
        ];
        foreach ((TiffField tag, long value) in fields[..entries])
        {
            const short Short = 3, Long = 4;
            bool small = tag is TiffField.BitsPerSample or TiffField.Compression or TiffField.Photometric or TiffField.SamplesPerPixel;
            BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(at), (short)tag);
            BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(at + 2), small ? Short : Long);
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(at + 4), 1);
            BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(at + 8), (uint)value);
            at += 12;
        }
        data.CopyTo(file.AsSpan(start));
        return file;
    }
}
