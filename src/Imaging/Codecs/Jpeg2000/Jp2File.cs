using System.Buffers.Binary;

namespace LungSeg.Imaging.Codecs.Jpeg2000;

/// <summary>A palette (pclr): columns of entries, each column with its own depth.</summary>
internal sealed record Palette(int Entries, ComponentSize[] Columns, ushort[] Values);

/// <summary>What one channel is made of (cmap): a component, as it is or by a column of the palette; -1 for none.</summary>
internal readonly record struct ChannelSource(int Component, int Column);

/// <summary>
/// What a channel means (cdef): type 0 colour, 1 and 2 opacity; association 0 the whole image, else the number of the colour.
/// </summary>
internal readonly record struct ChannelMeaning(int Channel, int Type, int Association);

/// <summary>
/// The boxes of a JP2 file (ISO/IEC 15444-1, annex I) that say how the codestream's components become colours. An ICC profile's colour
/// space counts, its curves do not, as with the other formats.
/// </summary>
internal sealed class Jp2File
{
    private const int SignatureBytes = 12, MaximumPaletteEntries = 1024, MaximumColumns = 4;
    private const uint Header = 0x6A703268, Data = 0x6A703263, ImageHeader = 0x69686472, Colour = 0x636F6C72, PaletteBox = 0x70636C72,
        Mapping = 0x636D6170, Definition = 0x63646566;

    private readonly byte[] _file;
    private readonly List<string> _warnings = [];
    private bool _hasHeader;

    private Jp2File(byte[] file)
    {
        _file = file;
        int at = SignatureBytes;
        while (file.Length - at >= 8 && Codestream.Length == 0)
            ReadBox(ref at, file.Length);
        if (Codestream.Length == 0)
            throw new ImageException("the JPEG 2000 file is truncated: it holds no codestream");
        // The header stands before the codestream; a file that has it behind is read all the same.
        while (!_hasHeader && file.Length - at >= 8)
            ReadBox(ref at, file.Length);
        if (!_hasHeader)
            _warnings.Add("the file lacks its header box; colours are taken as the codestream has them");
    }

    /// <summary>Where the codestream lies in the file.</summary>
    public (int Offset, int Length) Codestream { get; private set; }

    /// <summary>Width, height and components of the header box; null without one.</summary>
    public (long Width, long Height, int Components)? Size { get; private set; }

    /// <summary>
    /// The enumerated colour space, 16 sRGB, 17 grey, 18 sYCC; what an ICC profile is for is told the same way; null where none is stated.
    /// </summary>
    public int? ColourSpace { get; private set; }

    public Palette? Palette { get; private set; }

    public ChannelSource[]? Sources { get; private set; }

    public ChannelMeaning[]? Meanings { get; private set; }

    /// <summary>What was odd but could be read.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    public static bool Recognizes(ReadOnlySpan<byte> file) => file.StartsWith("\0\0\0\u000CjP  "u8);

    public static Jp2File Read(byte[] file) => new(file);

    private void ReadBox(ref int at, int end)
    {
        (long length, uint type, int head) =
            (BinaryPrimitives.ReadUInt32BigEndian(_file.AsSpan(at)), BinaryPrimitives.ReadUInt32BigEndian(_file.AsSpan(at + 4)), 8);
        if (length == 1 && end - at >= 16)
            (length, head) = ((long)Math.Min(BinaryPrimitives.ReadUInt64BigEndian(_file.AsSpan(at + 8)), long.MaxValue), 16);
        else if (length == 0)
            length = end - at;
        if (length < head)
            throw new ImageException($"the JPEG 2000 file is damaged: a box of {length} bytes at byte {at}");
        if (length > end - at)
        {
            // The codestream itself tells whether it is whole.
            if (type != Data)
                throw new ImageException(
                    $"the JPEG 2000 file is truncated: a box at byte {at} claims {length} bytes where {end - at} are left");
            _warnings.Add($"the codestream's box claims {length} bytes where {end - at} are left");
            length = end - at;
        }
        (int start, int next) = (at + head, at + (int)length);
        ReadOnlySpan<byte> body = _file.AsSpan(start, next - start);
        switch (type)
        {
            case Data:
                Codestream = (start, body.Length);
                break;
            case Header:
                _hasHeader = true;
                for (int inner = start; next - inner >= 8;)
                    ReadBox(ref inner, next);
                break;
            case ImageHeader when body.Length >= 14:
                Size = (BinaryPrimitives.ReadUInt32BigEndian(body[4..]), BinaryPrimitives.ReadUInt32BigEndian(body),
                    BinaryPrimitives.ReadUInt16BigEndian(body[8..]));
                break;
            case Colour when ColourSpace is null:
                ColourSpace = ReadColour(body);
                break;
            case PaletteBox:
                Palette = ReadPalette(body);
                break;
            case Mapping:
                Sources = new ChannelSource[body.Length / 4];
                for (int i = 0; i < Sources.Length; i++)
                    Sources[i] = new ChannelSource(BinaryPrimitives.ReadUInt16BigEndian(body[(4 * i)..]), body[4 * i + 2] == 1
                        ? body[4 * i + 3] : -1);
                break;
            case Definition when body.Length >= 2:
                int count = Math.Min(BinaryPrimitives.ReadUInt16BigEndian(body), (body.Length - 2) / 6);
                Meanings = new ChannelMeaning[count];
                for (int i = 0; i < count; i++)
                    Meanings[i] = new ChannelMeaning(
                        BinaryPrimitives.ReadUInt16BigEndian(body[(2 + 6 * i)..]),
                            BinaryPrimitives.ReadUInt16BigEndian(body[(4 + 6 * i)..]),
                        BinaryPrimitives.ReadUInt16BigEndian(body[(6 + 6 * i)..]));
                break;
        }
        at = next;
    }

    private static int? ReadColour(ReadOnlySpan<byte> body)
    {
        if (body.Length >= 7 && body[0] == 1)
            return (int)Math.Min(BinaryPrimitives.ReadUInt32BigEndian(body[3..]), int.MaxValue);
        if (body.Length < 3 + 20 || body[0] is not (2 or 3))
            return null;
        ReadOnlySpan<byte> space = body.Slice(3 + 16, 4);
        return space.SequenceEqual("GRAY"u8) ? ColourSpaces.Grey
            : space.SequenceEqual("RGB "u8) ? ColourSpaces.Rgb
            : space.SequenceEqual("CMYK"u8) ? ColourSpaces.Cmyk
            : space.SequenceEqual("Lab "u8) ? ColourSpaces.Lab
            : null;
    }

    private static Palette ReadPalette(ReadOnlySpan<byte> body)
    {
        if (body.Length < 3)
            throw Damaged("its palette is cut off");
        (int entries, int columns) = (BinaryPrimitives.ReadUInt16BigEndian(body), body[2]);
        if (entries is 0 or > MaximumPaletteEntries || columns is 0 or > MaximumColumns || body.Length < 3 + columns)
            throw Damaged($"a palette of {entries} entries and {columns} columns");
        ComponentSize[] sizes = new ComponentSize[columns];
        for (int c = 0; c < columns; c++)
        {
            sizes[c] = new ComponentSize((body[3 + c] & 0x7F) + 1, body[3 + c] >> 7 != 0, 1, 1);
            if (sizes[c].Bits > 16)
                throw new ImageException(
                    $"the JPEG 2000 file has a palette of {sizes[c].Bits} bits, which is not supported; 1 to 16 were expected");
        }
        int at = 3 + columns;
        ushort[] values = new ushort[entries * columns];
        for (int i = 0; i < values.Length; i++)
        {
            int bytes = sizes[i % columns].Bits > 8 ? 2 : 1;
            if (body.Length - at < bytes)
                throw Damaged("its palette is cut off");
            values[i] = (ushort)(bytes == 2 ? body[at] << 8 | body[at + 1] : body[at]);
            at += bytes;
        }
        return new Palette(entries, sizes, values);
    }

    private static ImageException Damaged(string what) => new($"the JPEG 2000 file is damaged: {what}");
}

/// <summary>The enumerated colour spaces that are told apart (I.5.3.3, and part 2 where a file may name them).</summary>
internal static class ColourSpaces
{
    public const int Cmyk = 12, Lab = 14, Rgb = 16, Grey = 17, Ycc = 18;

    /// <summary>How many colours a space has; a space that is not read is refused by name.</summary>
    public static int ColoursOf(int space) => space switch
    {
        Grey => 1,
        Rgb or Ycc => 3,
        _ => throw new ImageException(
            $"the JPEG 2000 file is in {Name(space)}, which is not supported; grey, sRGB or sYCC was expected; save it as PNG"),
    };

    private static string Name(int space) => space switch
    {
        Cmyk => "CMYK colour",
        Lab => "CIELab colour",
        24 => "e-sYCC colour",
        _ => $"colour space {space}",
    };
}
