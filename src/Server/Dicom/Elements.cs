using System.Buffers.Binary;
using System.Text;
using LungSeg.Imaging.Dicom;
using LungSeg.Imaging.Dicom.Writing;

namespace LungSeg.Server.Dicom;

/// <summary>An element of a data set: a value, or the items of a sequence.</summary>
internal sealed record DataElement(uint Tag, string Vr, ReadOnlyMemory<byte> Value,
    IReadOnlyList<IReadOnlyList<DataElement>>? Items = null);

/// <summary>
/// Whole data sets, each sequence with all its items: storage commitment asks for them, and an object is written in implicit VR for a peer
/// that takes nothing else. In little endian alone, which all results and all negotiated commands have.
/// </summary>
internal static class Elements
{
    private const int MaximumDepth = 16;
    private const uint Undefined = uint.MaxValue;
    private const string LongForms = "OB OD OF OL OV OW SQ SV UC UN UR UT UV";

    /// <summary>Reads a data set.</summary>
    /// <exception cref="ProtocolException">The bytes are none.</exception>
    public static IReadOnlyList<DataElement> Read(ReadOnlyMemory<byte> bytes, bool isExplicit)
    {
        int at = 0;
        return Read(bytes, isExplicit, ref at, bytes.Length, toDelimiter: false, 0);
    }

    /// <summary>Writes a data set in implicit VR, every length stated but that of encapsulated pixels.</summary>
    public static void WriteImplicit(Stream stream, IReadOnlyList<DataElement> elements)
    {
        foreach (DataElement element in elements)
        {
            // The length of a group is not what it was.
            if ((element.Tag & 0xFFFF) == 0) continue;
            ReadOnlyMemory<byte> value = element.Items is null ? element.Value : ItemsOf(element.Items);
            WriteHeader(stream, element.Tag, (uint)value.Length);
            stream.Write(value.Span);
        }
    }

    public static string Text(IReadOnlyList<DataElement> elements, uint tag) =>
        elements.FirstOrDefault(element => element.Tag == tag) is { } found ? Encoding.Latin1.GetString(found.Value.Span).Trim(' ', '\0')
        : "";

    public static IReadOnlyList<IReadOnlyList<DataElement>> Items(IReadOnlyList<DataElement> elements, uint tag) =>
        elements.FirstOrDefault(element => element.Tag == tag)?.Items ?? [];

    /// <summary>A text element.</summary>
    public static DataElement Of(uint tag, string vr, string text)
    {
        byte[] value = Encoding.ASCII.GetBytes(text.Length % 2 == 0 ? text : text + (vr == "UI" ? '\0' : ' '));
        return new DataElement(tag, vr, value);
    }

    public static DataElement Of(uint tag, ushort number)
    {
        byte[] value = new byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(value, number);
        return new DataElement(tag, "US", value);
    }

    public static DataElement Of(uint tag, IReadOnlyList<IReadOnlyList<DataElement>> items) => new(tag, "SQ", default, items);

    /// <summary>A data set in one of the two syntaxes that everybody takes.</summary>
    public static byte[] ToBytes(IReadOnlyList<DataElement> elements, bool isExplicit)
    {
        using var stream = new MemoryStream();
        if (isExplicit) Builder(elements).Write(stream);
        else WriteImplicit(stream, elements);
        return stream.ToArray();
    }

    private static DataSetBuilder Builder(IReadOnlyList<DataElement> elements)
    {
        var builder = new DataSetBuilder();
        foreach (DataElement element in elements)
        {
            var attribute = new Imaging.Dicom.Writing.Attribute(element.Tag, element.Vr);
            if (element.Items is null) builder.SetBytes(attribute, element.Value.ToArray());
            else builder.Set(attribute, element.Items.Select(Builder).ToArray());
        }
        return builder;
    }

    private static byte[] ItemsOf(IReadOnlyList<IReadOnlyList<DataElement>> items)
    {
        using var stream = new MemoryStream();
        foreach (IReadOnlyList<DataElement> item in items)
        {
            using var content = new MemoryStream();
            WriteImplicit(content, item);
            WriteHeader(stream, Tags.Item, (uint)content.Length);
            content.WriteTo(stream);
        }
        return stream.ToArray();
    }

    private static void WriteHeader(Stream stream, uint tag, uint length)
    {
        Span<byte> header = stackalloc byte[8];
        BinaryPrimitives.WriteUInt16LittleEndian(header, (ushort)(tag >> 16));
        BinaryPrimitives.WriteUInt16LittleEndian(header[2..], (ushort)tag);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], length);
        stream.Write(header);
    }

    private static List<DataElement> Read(ReadOnlyMemory<byte> bytes, bool isExplicit, ref int at, int end, bool toDelimiter, int depth)
    {
        if (depth > MaximumDepth) throw new ProtocolException($"sequences are nested more than {MaximumDepth} deep");
        var elements = new List<DataElement>();
        while (at < end)
        {
            (uint tag, string vr, uint length) = Header(bytes.Span, isExplicit, ref at, end);
            if (tag == Tags.ItemEnd && toDelimiter) return elements;
            if (vr == "SQ" || (length == Undefined && tag != Tags.PixelData))
            {
                elements.Add(new DataElement(tag, "SQ", default,
                    Sequence(bytes, isExplicit, ref at, length == Undefined ? end : Checked(length, at, end), length == Undefined, depth)));
                continue;
            }
            if (length == Undefined) throw new ProtocolException("pixel data in fragments has no place here");
            int stop = Checked(length, at, end);
            elements.Add(new DataElement(tag, vr, bytes[at..stop]));
            at = stop;
        }
        return toDelimiter ? throw new ProtocolException("a sequence item has no end") : elements;
    }

    private static List<IReadOnlyList<DataElement>> Sequence(ReadOnlyMemory<byte> bytes, bool isExplicit, ref int at, int end,
        bool toDelimiter, int depth)
    {
        var items = new List<IReadOnlyList<DataElement>>();
        while (at < end)
        {
            (uint tag, _, uint length) = Header(bytes.Span, isExplicit, ref at, end);
            if (tag == Tags.SequenceEnd && toDelimiter) return items;
            if (tag != Tags.Item) throw new ProtocolException("a sequence item was expected");
            items.Add(Read(bytes, isExplicit, ref at, length == Undefined ? end
                : Checked(length, at, end), length == Undefined, depth + 1));
        }
        return toDelimiter ? throw new ProtocolException("a sequence has no end") : items;
    }

    private static (uint Tag, string Vr, uint Length) Header(ReadOnlySpan<byte> bytes, bool isExplicit, ref int at, int end)
    {
        if (end - at < 8) throw new ProtocolException("a data set ends within an element");
        ReadOnlySpan<byte> here = bytes[at..];
        uint tag = (uint)BinaryPrimitives.ReadUInt16LittleEndian(here) << 16 | BinaryPrimitives.ReadUInt16LittleEndian(here[2..]);
        at += 8;
        if (tag >> 16 == 0xFFFE) return (tag, "", BinaryPrimitives.ReadUInt32LittleEndian(here[4..]));
        if (!isExplicit)
        {
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(here[4..]);
            return (tag, IsSequence(here, length, end - at) ? "SQ" : "UN", length);
        }
        string vr = $"{(char)here[4]}{(char)here[5]}";
        if (!LongForms.Contains(vr, StringComparison.Ordinal)) return (tag, vr, BinaryPrimitives.ReadUInt16LittleEndian(here[6..]));
        if (end - at < 4) throw new ProtocolException("a data set ends within an element");
        at += 4;
        return (tag, vr, BinaryPrimitives.ReadUInt32LittleEndian(here[8..]));
    }

    // Implicit VR names no sequence: one that is not empty begins with an item.
    private static bool IsSequence(ReadOnlySpan<byte> element, uint length, int left) =>
        length >= 8 && length <= left && element[8..] is [0xFE, 0xFF, 0x00, 0xE0, ..];

    private static int Checked(uint length, int at, int end) =>
        length <= end - at ? at + (int)length : throw new ProtocolException($"an element claims {length} bytes where {end - at} are left");
}
