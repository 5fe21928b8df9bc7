using System.Buffers.Binary;

namespace LungSeg.Imaging.Codecs;

/// <summary>
/// Checks that the first directory of a TIFF file, classic or BigTIFF, and the values that it points to lie inside the file:
/// LibTiff forgives a directory whose end is missing.
/// </summary>
internal static class TiffDirectory
{
    /// <summary>Bytes of one value of each TIFF type, by the type's number.</summary>
    private static readonly int[] TypeBytes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];

    public static void RefuseCut(ReadOnlySpan<byte> file)
    {
        bool little = file[0] == 'I', big = file[little ? 2 : 3] == 43;
        (int pointer, int count, int entry) = big ? (8, 8, 20) : (4, 2, 12);
        ulong at = Number(file, (ulong)(big ? 8 : 4), pointer, little);
        ulong entries = Number(file, at, count, little);
        ulong first = at + (ulong)count;
        if (entries > (ulong)(file.Length / entry))
            throw new ImageException($"the TIFF file is damaged: its directory claims {entries} entries");
        Inside(file, first, entries * (ulong)entry + (ulong)pointer);
        for (ulong i = 0; i < entries; i++)
        {
            ulong e = first + i * (ulong)entry;
            ulong type = Number(file, e + 2, 2, little), values = Number(file, e + 4, pointer, little);
            if (type >= (ulong)TypeBytes.Length || values > (ulong)file.Length)
                continue;
            ulong bytes = values * (ulong)TypeBytes[type];
            if (bytes > (ulong)pointer)
                Inside(file, Number(file, e + 4 + (ulong)pointer, pointer, little), bytes);
        }
    }

    private static ulong Number(ReadOnlySpan<byte> file, ulong at, int bytes, bool little)
    {
        Inside(file, at, (ulong)bytes);
        ReadOnlySpan<byte> value = file.Slice((int)at, bytes);
        return bytes switch
        {
            2 => little ? BinaryPrimitives.ReadUInt16LittleEndian(value) : BinaryPrimitives.ReadUInt16BigEndian(value),
            4 => little ? BinaryPrimitives.ReadUInt32LittleEndian(value) : BinaryPrimitives.ReadUInt32BigEndian(value),
            _ => little ? BinaryPrimitives.ReadUInt64LittleEndian(value) : BinaryPrimitives.ReadUInt64BigEndian(value),
        };
    }

    private static void Inside(ReadOnlySpan<byte> file, ulong at, ulong bytes)
    {
        if (at > (ulong)file.Length || bytes > (ulong)file.Length - at)
            throw new ImageException($"the TIFF file is truncated: it ends after {file.Length} bytes, inside its directory");
    }
}
