using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace LungSeg.Imaging.Dicom.Writing;

/// <summary>A data set to be written, elements in the order of their tags, explicit VR little endian, every length stated.</summary>
internal sealed class DataSetBuilder
{
    private const string LongForms = "OB OD OF OL OV OW SQ UC UN UR UT";

    private readonly SortedDictionary<uint, (string Vr, byte[] Value)> _elements = [];

    /// <summary>
    /// Sets a text of ASCII characters; several values are parted by backslashes. Names of networks have any length: a short or long string
    /// (SH, LO) is cut where its representation ends (PS3.5, 6.2).
    /// </summary>
    public DataSetBuilder Set(Attribute attribute, string text)
    {
        int maximum = attribute.Vr switch { "SH" => 16, "LO" => 64, _ => text.Length };
        return SetBytes(attribute, Encoding.ASCII.GetBytes(text.Length > maximum ? text[..maximum].TrimEnd() : text));
    }

    /// <summary>Sets a value as it lies in a file; it is padded to an even length.</summary>
    public DataSetBuilder SetBytes(Attribute attribute, byte[] value)
    {
        if (value.Length % 2 != 0)
            value = [.. value, attribute.Vr is "UI" or "OB" ? (byte)0 : (byte)' '];
        _elements[attribute.Tag] = (attribute.Vr, value);
        return this;
    }

    /// <summary>Sets binary numbers of the attribute's width.</summary>
    public DataSetBuilder Set(Attribute attribute, params ReadOnlySpan<uint> numbers)
    {
        bool wide = attribute.Vr is "UL" or "SL";
        byte[] value = new byte[numbers.Length * (wide ? 4 : 2)];
        for (int i = 0; i < numbers.Length; i++)
            if (wide)
                BinaryPrimitives.WriteUInt32LittleEndian(value.AsSpan(4 * i), numbers[i]);
            else
                BinaryPrimitives.WriteUInt16LittleEndian(value.AsSpan(2 * i), checked((ushort)numbers[i]));
        return SetBytes(attribute, value);
    }

    /// <summary>Sets points of two numbers in single precision.</summary>
    public DataSetBuilder SetPoints(Attribute attribute, IReadOnlyList<(int X, int Y)> points)
    {
        byte[] value = new byte[8 * points.Count];
        for (int i = 0; i < points.Count; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(value.AsSpan(8 * i), points[i].X);
            BinaryPrimitives.WriteSingleLittleEndian(value.AsSpan(8 * i + 4), points[i].Y);
        }
        return SetBytes(attribute, value);
    }

    /// <summary>Sets a pointer to another element.</summary>
    public DataSetBuilder Set(Attribute attribute, Attribute pointee)
    {
        byte[] value = new byte[4];
        WriteTag(value, pointee.Tag);
        return SetBytes(attribute, value);
    }

    /// <summary>Sets a sequence.</summary>
    public DataSetBuilder Set(Attribute attribute, params ReadOnlySpan<DataSetBuilder> items)
    {
        using MemoryStream stream = new();
        byte[] header = new byte[8];
        foreach (DataSetBuilder item in items)
        {
            byte[] content = item.ToBytes();
            WriteTag(header, Tags.Item);
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(4), content.Length);
            stream.Write(header);
            stream.Write(content);
        }
        return SetBytes(attribute, stream.ToArray());
    }

    /// <summary>Sets a sequence of one coded concept.</summary>
    public DataSetBuilder Set(Attribute attribute, Code code) => Set(attribute, new DataSetBuilder()
        .Set(Attribute.CodeValue, code.Value).Set(Attribute.CodingSchemeDesignator, code.Scheme).Set(Attribute.CodeMeaning, code.Meaning));

    /// <summary>A text that was set, without padding.</summary>
    public string Text(Attribute attribute) => Encoding.ASCII.GetString(_elements[attribute.Tag].Value).TrimEnd(' ', '\0');

    /// <summary>A binary number of 16 bits that was set.</summary>
    public int Number(Attribute attribute) => BinaryPrimitives.ReadUInt16LittleEndian(_elements[attribute.Tag].Value);

    /// <summary>The bytes that were set; null if none were.</summary>
    public byte[]? Bytes(Attribute attribute) =>
        _elements.TryGetValue(attribute.Tag, out (string Vr, byte[] Value) element) ? element.Value : null;

    /// <summary>A fingerprint of all elements, which differs where any value does.</summary>
    public string Fingerprint()
    {
        StringBuilder text = new();
        foreach ((uint tag, (string vr, byte[] value)) in _elements)
            text.Append(CultureInfo.InvariantCulture, $"{tag:X8} {vr} {DicomUid.Fingerprint(value)}\n");
        return DicomUid.Fingerprint(Encoding.ASCII.GetBytes(text.ToString()));
    }

    public byte[] ToBytes()
    {
        using MemoryStream stream = new();
        Write(stream);
        return stream.ToArray();
    }

    /// <summary>Writes the elements; where frames are given, pixel data is their coded bytes, encapsulated (PS3.5, A.4).</summary>
    public void Write(Stream stream, byte[][]? frames = null)
    {
        byte[] header = new byte[12];
        foreach ((uint tag, (string vr, byte[] value)) in _elements)
        {
            if (frames is not null && tag == Tags.PixelData)
            {
                WriteEncapsulated(stream, frames);
                continue;
            }
            bool isLong = LongForms.Contains(vr, StringComparison.Ordinal);
            if (!isLong && value.Length > ushort.MaxValue)
                throw new ArgumentException($"{value.Length} bytes do not fit into {Tags.Describe(tag)}");
            header.AsSpan().Clear();
            WriteTag(header, tag);
            (header[4], header[5]) = ((byte)vr[0], (byte)vr[1]);
            if (isLong)
                BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), value.Length);
            else
                BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(6), (ushort)value.Length);
            stream.Write(header, 0, isLong ? 12 : 8);
            stream.Write(value);
        }
    }

    /// <summary>An offset table, then one fragment for each frame.</summary>
    private static void WriteEncapsulated(Stream stream, byte[][] frames)
    {
        byte[] header = [0xE0, 0x7F, 0x10, 0, (byte)'O', (byte)'B', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF], item = new byte[8],
            offsets = new byte[4 * frames.Length];
        int offset = 0;
        for (int i = 0; i < frames.Length; offset += item.Length + frames[i].Length, i++)
            BinaryPrimitives.WriteInt32LittleEndian(offsets.AsSpan(4 * i), offset);
        stream.Write(header);
        foreach (byte[] fragment in frames.Prepend(offsets))
        {
            WriteTag(item, Tags.Item);
            BinaryPrimitives.WriteInt32LittleEndian(item.AsSpan(4), fragment.Length);
            stream.Write(item);
            stream.Write(fragment);
        }
        item.AsSpan().Clear();
        WriteTag(item, Tags.SequenceEnd);
        stream.Write(item);
    }

    private static void WriteTag(Span<byte> at, uint tag)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(at, (ushort)(tag >> 16));
        BinaryPrimitives.WriteUInt16LittleEndian(at[2..], (ushort)tag);
    }
}

/// <summary>A concept of a coding scheme (DICOM PS3.3, 8.8).</summary>
internal readonly record struct Code(string Value, string Scheme, string Meaning);
