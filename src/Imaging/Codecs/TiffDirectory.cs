using System.Buffers.Binary;

namespace LungSeg.Imaging.Codecs;

/// <summary>The tags of a TIFF directory that are read; all others are walked over.</summary>
internal enum TiffField
{
    Width = 256,
    Height = 257,
    BitsPerSample = 258,
    Compression = 259,
    Photometric = 262,
    FillOrder = 266,
    StripOffsets = 273,
    Orientation = 274,
    SamplesPerPixel = 277,
    RowsPerStrip = 278,
    StripByteCounts = 279,
    PlanarConfiguration = 284,
    T4Options = 292,
    T6Options = 293,
    Predictor = 317,
    ColorMap = 320,
    TileWidth = 322,
    TileHeight = 323,
    TileOffsets = 324,
    TileByteCounts = 325,
    SampleFormat = 339,
    JpegTables = 347,
}

/// <summary>
/// The first directory of a TIFF file, classic or BigTIFF, every value of it checked to lie inside the file (TIFF 6.0, section 2).
/// Nothing is allocated by what a directory claims.
/// </summary>
internal sealed class TiffDirectory
{
    /// <summary>Bytes of one value of each TIFF type, by the type's number; 0 where there is none.</summary>
    private static readonly int[] TypeBytes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];

    private readonly byte[] _file;
    private readonly Dictionary<TiffField, (int Type, long Count, ulong At)> _fields = [];

    private TiffDirectory(byte[] file) => _file = file;

    /// <summary>Whether numbers are little endian.</summary>
    public bool IsLittleEndian => _file[0] == 'I';

    /// <summary>Whether the file has no directory after this one.</summary>
    public bool IsLast { get; private init; }

    public static TiffDirectory ReadFirst(byte[] file)
    {
        TiffDirectory reader = new(file);
        bool big = file[reader.IsLittleEndian ? 2 : 3] == 43;
        (int pointer, int countBytes, int entry) = big ? (8, 8, 20) : (4, 2, 12);
        ulong at = reader.Value((ulong)(big ? 8 : 4), pointer);
        ulong entries = reader.Value(at, countBytes), first = at + (ulong)countBytes;
        if (entries > (ulong)(file.Length / entry))
            throw new ImageException($"the TIFF file is damaged: its directory claims {entries} entries");
        ulong end = first + entries * (ulong)entry;
        reader.Inside(first, entries * (ulong)entry + (ulong)pointer);
        TiffDirectory directory = new(file) { IsLast = reader.Value(end, pointer) == 0 };
        for (ulong e = first; e < end; e += (ulong)entry)
            directory.Add(e, pointer);
        return directory;
    }

    /// <summary>Whether the directory has the tag.</summary>
    public bool Has(TiffField tag) => _fields.ContainsKey(tag);

    /// <summary>A tag's first value, or another where the directory lacks it.</summary>
    public long Number(TiffField tag, long otherwise) => Has(tag) ? Numbers(tag, 1)[0] : otherwise;

    /// <summary>
    /// A tag's first values, all of them where there are no more than <paramref name="maximum"/>; empty where the directory lacks it.
    /// </summary>
    public long[] Numbers(TiffField tag, long maximum)
    {
        if (!_fields.TryGetValue(tag, out (int Type, long Count, ulong At) field))
            return [];
        if (field.Type is not (1 or 3 or 4 or 6 or 8 or 9 or 13 or 16 or 17) || field.Count == 0)
            throw new ImageException($"the TIFF file is damaged: its tag {(int)tag} ({tag}) holds no whole number");
        long[] numbers = new long[Math.Min(field.Count, maximum)];
        int bytes = TypeBytes[field.Type], unused = 64 - 8 * bytes;
        for (int i = 0; i < numbers.Length; i++)
        {
            ulong value = Value(field.At + (ulong)(i * (long)bytes), bytes);
            bool signed = field.Type is 6 or 8 or 9 or 17;
            numbers[i] = signed ? (long)(value << unused) >> unused : (long)value;
            if (numbers[i] < 0)
                throw new ImageException($"the TIFF file is damaged: its tag {(int)tag} ({tag}) is out of range");
        }
        return numbers;
    }

    /// <summary>A tag's value as it lies in the file; empty where the directory lacks it.</summary>
    public ReadOnlySpan<byte> Bytes(TiffField tag) =>
        _fields.TryGetValue(tag, out (int Type, long Count, ulong At) field)
            ? _file.AsSpan((int)field.At, (int)field.Count * TypeBytes[field.Type]) : [];

    private void Add(ulong entry, int pointer)
    {
        int tag = (int)Value(entry, 2), type = (int)Value(entry + 2, 2);
        ulong count = Value(entry + 4, pointer), at = entry + 4 + (ulong)pointer;
        bool read = Enum.IsDefined((TiffField)tag);
        if (type >= TypeBytes.Length || TypeBytes[type] == 0 || count > (ulong)_file.Length)
        {
            if (read)
                throw new ImageException(
                    $"the TIFF file is damaged: its tag {tag} ({(TiffField)tag}) claims {count} values of type {type}");
            return;
        }
        ulong bytes = count * (ulong)TypeBytes[type];
        if (bytes > (ulong)pointer)
            at = Value(at, pointer);
        Inside(at, bytes);
        // The first counts where a tag comes twice, as in LibTIFF.
        if (read)
            _fields.TryAdd((TiffField)tag, (type, (long)count, at));
    }

    private ulong Value(ulong at, int bytes)
    {
        Inside(at, (ulong)bytes);
        ReadOnlySpan<byte> value = _file.AsSpan((int)at, bytes);
        return (bytes, IsLittleEndian) switch
        {
            (1, _) => value[0],
            (2, true) => BinaryPrimitives.ReadUInt16LittleEndian(value),
            (2, false) => BinaryPrimitives.ReadUInt16BigEndian(value),
            (4, true) => BinaryPrimitives.ReadUInt32LittleEndian(value),
            (4, false) => BinaryPrimitives.ReadUInt32BigEndian(value),
            (_, true) => BinaryPrimitives.ReadUInt64LittleEndian(value),
            _ => BinaryPrimitives.ReadUInt64BigEndian(value),
        };
    }

    private void Inside(ulong at, ulong bytes)
    {
        if (at > (ulong)_file.Length || bytes > (ulong)_file.Length - at)
            throw new ImageException($"the TIFF file is truncated: it ends after {_file.Length} bytes, inside its directory");
    }
}
