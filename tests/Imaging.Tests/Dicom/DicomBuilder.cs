using System.Text;
using LungSeg.Imaging.Dicom;

namespace LungSeg.Imaging.Tests.Dicom;

/// <summary>Writes small DICOM files in explicit VR little endian, right or wrong, element by element.</summary>
internal sealed class DicomBuilder
{
    private readonly SortedDictionary<uint, (string Vr, byte[] Value)> _elements = [];
    private bool _encapsulated;
    private string _syntax = "1.2.840.10008.1.2.1";

    /// <summary>A sound 8-bit image of 40 x 36 pixels with a ramp.</summary>
    public DicomBuilder()
    {
        Text(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.1.1").Text(0x00080060, "CS", "DX").Text(0x00280004, "CS", "MONOCHROME2");
        Words(0x00280002, 1).Words(0x00280010, 36).Words(0x00280011, 40).Words(0x00280100, 8).Words(0x00280101, 8).Words(0x00280102, 7);
        Words(0x00280103, 0).Bytes(0x7FE00010, "OB", [.. Enumerable.Range(0, 36 * 40).Select(i => (byte)(i % 40 * 6))]);
    }

    public DicomBuilder Syntax(string uid)
    {
        _syntax = uid;
        return this;
    }

    public DicomBuilder Without(uint tag)
    {
        _elements.Remove(tag);
        return this;
    }

    public DicomBuilder Text(uint tag, string vr, string text) => Bytes(tag, vr, Even(text, vr == "UI" ? '\0' : ' '));

    public DicomBuilder Words(uint tag, params int[] words) =>
        Bytes(tag, "US", [.. words.SelectMany(w => new[] { (byte)w, (byte)(w >> 8) })]);

    public DicomBuilder Bytes(uint tag, string vr, byte[] value)
    {
        _elements[tag] = (vr, value);
        return this;
    }

    /// <summary>Pixel data as an empty offset table and one fragment.</summary>
    public DicomBuilder Fragment(byte[] frame)
    {
        byte[] padded = frame.Length % 2 == 0 ? frame : [.. frame, 0];
        byte[] table = [0xFE, 0xFF, 0, 0xE0, 0, 0, 0, 0], item = [0xFE, 0xFF, 0, 0xE0], end = [0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0];
        _encapsulated = true;
        return Bytes(0x7FE00010, "OB", [.. table, .. item, .. BitConverter.GetBytes(padded.Length), .. padded, .. end]);
    }

    /// <summary>As <see cref="Build"/>, with the length of the meta group, on which other readers insist.</summary>
    public byte[] BuildWhole()
    {
        byte[] file = Build(), length = [2, 0, 0, 0, (byte)'U', (byte)'L', 4, 0, (byte)(8 + Even(_syntax, '\0').Length), 0, 0, 0];
        return [.. file[..132], .. length, .. file[132..]];
    }

    public byte[] Build()
    {
        using MemoryStream file = new();
        using BinaryWriter writer = new(file);
        writer.Write(new byte[128]);
        writer.Write("DICM"u8);
        Write(writer, 0x00020010, "UI", Even(_syntax, '\0'));
        foreach ((uint tag, (string vr, byte[] value)) in _elements)
            Write(writer, tag, vr, value, _encapsulated && tag == 0x7FE00010);
        return file.ToArray();
    }

    public Radiograph Read() => ReadWith(new DicomOptions());

    public Radiograph ReadWith(DicomOptions options) => ImageReader.Decode(Build(), "x.dcm", options);

    public string Refusal() => Assert.Throws<ImageException>(() => Read()).Message;

    private static void Write(BinaryWriter writer, uint tag, string vr, byte[] value, bool undefinedLength = false)
    {
        writer.Write((ushort)(tag >> 16));
        writer.Write((ushort)tag);
        writer.Write(Encoding.ASCII.GetBytes(vr));
        if (vr is "OB" or "OW" or "OV" or "SQ" or "UN")
        {
            writer.Write((ushort)0);
            writer.Write(undefinedLength ? -1 : value.Length);
        }
        else
        {
            writer.Write((ushort)value.Length);
        }
        writer.Write(value);
    }

    private static byte[] Even(string text, char padding) => Encoding.Latin1.GetBytes(text.Length % 2 == 0 ? text : text + padding);
}
