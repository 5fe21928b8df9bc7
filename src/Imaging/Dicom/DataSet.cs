using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace LungSeg.Imaging.Dicom;

/// <summary>
/// One value as it lies in the file. <paramref name="Length"/> is -1 for encapsulated pixel data, whose fragments start at
/// <paramref name="Offset"/>; <paramref name="Vr"/> is "" where the file does not state it; <paramref name="First"/> is a sequence's
/// first item.
/// </summary>
internal readonly record struct Element(string Vr, int Offset, int Length, DataSet? First = null);

/// <summary>The kept elements of a data set or sequence item.</summary>
internal sealed class DataSet(byte[] bytes, bool bigEndian)
{
    private readonly Dictionary<uint, Element> _elements = [];

    public bool BigEndian => bigEndian;

    /// <summary>Adds an element; false where it is there already.</summary>
    public bool TryAdd(uint tag, Element element) => _elements.TryAdd(tag, element);

    /// <summary>Bits of a cell that the file's overlays are in (PS3.5, 8.1.2; retired).</summary>
    public int OverlayBits
    {
        get
        {
            int bits = 0;
            foreach (uint tag in _elements.Keys)
                if (Tags.IsOverlayBitPosition(tag) && UInt16(tag) is > 0 and < 16 and var position)
                    bits |= 1 << position;
            return bits;
        }
    }

    /// <summary>Whether the element is there and has a value.</summary>
    public bool Has(uint tag) => _elements.TryGetValue(tag, out Element e) && (e.Length != 0 || e.First is not null);

    public Element? Find(uint tag) => _elements.TryGetValue(tag, out Element e) ? e : null;

    /// <summary>The sequence's first item.</summary>
    public DataSet? FirstItem(uint tag) => Find(tag)?.First;

    public ReadOnlySpan<byte> Bytes(uint tag) =>
        _elements.TryGetValue(tag, out Element e) && e.Length > 0 ? bytes.AsSpan(e.Offset, e.Length) : [];

    /// <summary>The value as text without padding, "" where absent.</summary>
    public string Text(uint tag)
    {
        Encoding encoding = tag != Tags.SpecificCharacterSet
            && Text(Tags.SpecificCharacterSet).Contains("ISO_IR 192", StringComparison.Ordinal)
            ? Encoding.UTF8
            : Encoding.Latin1;
        return encoding.GetString(Bytes(tag)).Trim(' ', '\0');
    }

    /// <summary>
    /// The value of a code string, "" where absent; lower case is read as capitals, which such strings have, with a warning.
    /// </summary>
    public string Code(uint tag, DecisionLog log)
    {
        string text = Text(tag), code = text.ToUpperInvariant();
        if (code != text)
            log.Warn("data set",
                $"{Tags.Describe(tag)} \"{ImagePixel.Printable(text)}\" is not in capitals; read as {ImagePixel.Printable(code)}");
        return code;
    }

    /// <summary>The value's first 16-bit word, or null.</summary>
    public int? UInt16(uint tag) => Bytes(tag) is { Length: >= 2 } value ? Word(value, 0) : null;

    /// <summary>The value's first 16-bit word; a file without one is refused.</summary>
    public int RequiredUInt16(uint tag) => UInt16(tag) ?? throw Missing(tag);

    public static ImageException Missing(uint tag) => new($"the DICOM file lacks {Tags.Describe(tag)}");

    /// <summary>16-bit words in the file's byte order; an odd last byte is left out.</summary>
    public ushort[] Words(uint tag)
    {
        ReadOnlySpan<byte> value = Bytes(tag);
        ushort[] words = new ushort[value.Length / 2];
        for (int i = 0; i < words.Length; i++)
            words[i] = Word(value, 2 * i);
        return words;
    }

    /// <summary>Numbers written as text and parted by backslashes; null where absent or where one is no finite number.</summary>
    public double[]? Decimals(uint tag) => Numbers(tag) is { Length: > 0 } numbers && !Array.Exists(numbers, double.IsNaN) ? numbers : null;

    /// <summary>Numbers written as text and parted by backslashes, NaN for each that is no finite number; empty where absent.</summary>
    public double[] Numbers(uint tag) => !Has(tag) ? [] : Array.ConvertAll(Text(tag).Split('\\'), part =>
        double.TryParse(part.Trim(' ', '\0'), NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            && double.IsFinite(number) ? number : double.NaN);

    private ushort Word(ReadOnlySpan<byte> value, int at) =>
        bigEndian ? BinaryPrimitives.ReadUInt16BigEndian(value[at..]) : BinaryPrimitives.ReadUInt16LittleEndian(value[at..]);
}
