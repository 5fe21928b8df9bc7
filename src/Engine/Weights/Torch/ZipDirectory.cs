using System.Buffers.Binary;
using System.Text;

namespace LungSeg.Engine.Weights.Torch;

/// <summary>
/// The central directory of a zip file, with zip64. The BCL's reader hides where a stored file begins, which
/// reading its weights in place needs.
/// </summary>
internal static class ZipDirectory
{
    private const int EndBytes = 22, Zip64LocatorBytes = 20, Zip64EndBytes = 56, EntryBytes = 46;
    private const int MaxEntries = 100_000, MaxDirectoryBytes = 32 << 20;
    private const uint EndSignature = 0x06054B50, Zip64LocatorSignature = 0x07064B50, Zip64EndSignature = 0x06064B50;
    private const uint EntrySignature = 0x02014B50;

    public static bool IsZip(ReadOnlySpan<byte> start) => start.StartsWith("PK\u0003\u0004"u8) || start.StartsWith("PK\u0005\u0006"u8);

    public static IReadOnlyList<ZipEntry> Read(ByteSource source)
    {
        (long offset, long bytes, long count) = FindDirectory(source);
        if (count > MaxEntries || bytes > MaxDirectoryBytes || offset < 0 || bytes < count * EntryBytes || offset > source.Length - bytes)
            throw source.Error("is truncated or damaged: the zip file's directory does not lie inside it");

        ReadOnlySpan<byte> directory = source.Read(offset, bytes);
        var entries = new List<ZipEntry>((int)count);
        HashSet<string> names = new(StringComparer.Ordinal);
        for (long i = 0; i < count; i++)
        {
            ZipEntry entry = ReadEntry(source, ref directory, offset);
            if (!names.Add(entry.Name))
                throw source.Error($"is damaged: the zip file lists '{entry.Name}' twice");
            entries.Add(entry);
        }
        CheckOverlap(source, entries, offset);
        CheckGrowth(source, entries);
        return entries;
    }

    private static (long Offset, long Bytes, long Count) FindDirectory(ByteSource source)
    {
        // The end record may be followed by a comment of up to 65,535 bytes.
        int tailBytes = (int)Math.Min(source.Length, EndBytes + ushort.MaxValue + Zip64LocatorBytes);
        long tailStart = source.Length - tailBytes;
        ReadOnlySpan<byte> tail = source.Read(tailStart, (long)tailBytes);
        for (int at = tail.Length - EndBytes; at >= 0; at--)
        {
            if (U32(tail, at) != EndSignature || at + EndBytes + U16(tail, at + 20) != tail.Length)
                continue;
            long count = U16(tail, at + 10), bytes = U32(tail, at + 12), offset = U32(tail, at + 16);
            CheckParts(source, U16(tail, at + 4), U16(tail, at + 6));
            bool zip64 = count == ushort.MaxValue || bytes == uint.MaxValue || offset == uint.MaxValue;
            return zip64 ? ReadZip64(source, tail, at) : (offset, bytes, count);
        }
        throw source.Error("is truncated: it begins as a zip file, but has no directory at its end (copy or download it again)");
    }

    private static (long Offset, long Bytes, long Count) ReadZip64(ByteSource source, ReadOnlySpan<byte> tail, int end)
    {
        int locator = end - Zip64LocatorBytes;
        if (locator < 0 || U32(tail, locator) != Zip64LocatorSignature)
            throw source.Error("is damaged: the zip64 locator is missing");
        long at = I64(tail, locator + 8);
        if (at < 0 || at > source.Length - Zip64EndBytes)
            throw source.Error("is damaged: the zip64 directory does not lie inside it");
        ReadOnlySpan<byte> record = source.Read(at, (long)Zip64EndBytes);
        if (U32(record, 0) != Zip64EndSignature)
            throw source.Error("is damaged: the zip64 directory is missing");
        (long count, long bytes, long offset) = (I64(record, 32), I64(record, 40), I64(record, 48));
        if (count < 0 || count > MaxEntries || bytes < 0)
            throw source.Error("is damaged: the zip64 directory has impossible sizes");
        return (offset, bytes, count);
    }

    private static ZipEntry ReadEntry(ByteSource source, ref ReadOnlySpan<byte> directory, long directoryStart)
    {
        if (directory.Length < EntryBytes || U32(directory, 0) != EntrySignature)
            throw source.Error("is damaged: the zip file's directory is cut short");
        int flags = U16(directory, 8), method = U16(directory, 10);
        uint crc = U32(directory, 16);
        CheckParts(source, U16(directory, 34));
        long compressed = U32(directory, 20), size = U32(directory, 24), offset = U32(directory, 42);
        int nameBytes = U16(directory, 28), extraBytes = U16(directory, 30), commentBytes = U16(directory, 32);
        if (directory.Length < EntryBytes + nameBytes + extraBytes + commentBytes)
            throw source.Error("is damaged: the zip file's directory is cut short");

        string name = Encoding.UTF8.GetString(directory.Slice(EntryBytes, nameBytes));
        ReadZip64Extra(directory.Slice(EntryBytes + nameBytes, extraBytes), ref size, ref compressed, ref offset);
        directory = directory[(EntryBytes + nameBytes + extraBytes + commentBytes)..];
        if (size < 0 || compressed < 0 || offset < 0 || compressed > directoryStart || offset > directoryStart - compressed)
            throw source.Error($"is damaged: '{name}' does not lie inside the zip file");
        return new ZipEntry(source, name, nameBytes, flags, method, crc, compressed, size, offset);
    }

    // The number of the part in which something lies; a full field stands for one in the zip64 record.
    private static void CheckParts(ByteSource source, params ReadOnlySpan<int> parts)
    {
        if (parts.ContainsAnyExcept(0, ushort.MaxValue))
            throw source.Error(
                "is one part of a zip archive that was split into several: join them first (zip -s 0 PART.zip --out WHOLE.zip)");
    }

    /// <summary>Fields that are full in the directory are in the extra field, in this order.</summary>
    private static void ReadZip64Extra(ReadOnlySpan<byte> extra, ref long size, ref long compressed, ref long offset)
    {
        while (extra.Length >= 4)
        {
            int id = U16(extra, 0), bytes = Math.Min(U16(extra, 2), extra.Length - 4);
            if (id == 1)
            {
                ReadOnlySpan<byte> fields = extra.Slice(4, bytes);
                TakeZip64(ref fields, ref size);
                TakeZip64(ref fields, ref compressed);
                TakeZip64(ref fields, ref offset);
                return;
            }
            extra = extra[(4 + bytes)..];
        }
    }

    private static void TakeZip64(ref ReadOnlySpan<byte> fields, ref long value)
    {
        if (value != uint.MaxValue || fields.Length < 8)
            return;
        value = I64(fields, 0);
        fields = fields[8..];
    }

    /// <summary>Entries that share bytes are how a small archive claims to be a huge one.</summary>
    private static void CheckOverlap(ByteSource source, List<ZipEntry> entries, long directoryStart)
    {
        long end = 0;
        foreach (ZipEntry entry in entries.OrderBy(entry => entry.Offset))
        {
            if (entry.Offset < end)
                throw source.Error($"is damaged: '{entry.Name}' overlaps another file in the archive");
            end = entry.Offset + ZipEntry.LocalHeaderBytes + entry.NameBytes + entry.CompressedSize;
        }
        if (end > directoryStart)
            throw source.Error("is damaged: the last file in the archive overlaps its directory");
    }

    /// <summary>
    /// Each of many small files may shrink as much as it likes, but all of them together stand for no more than one large file may.
    /// </summary>
    private static void CheckGrowth(ByteSource source, List<ZipEntry> entries)
    {
        decimal unpacked = entries.Where(entry => !entry.IsStored).Sum(entry => (decimal)entry.Size);
        if (unpacked > ZipEntry.SmallBytes && unpacked / ZipEntry.MaxRatio > source.Length)
            throw source.Error($"is refused: its files would grow from {source.Length} to {unpacked} bytes");
    }

    private static int U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static long I64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes[at..]);
}
