using System.Buffers.Binary;
using System.Text;

namespace LungSeg.Imaging.Dicom;

/// <summary>
/// Walks the elements of a data set once, from start to pixel data (DICOM PS3.5, chapter 7). Every length is checked against the
/// bytes that are left, and nesting is bounded.
/// </summary>
internal sealed class DataSetReader(byte[] bytes, bool isExplicit, bool bigEndian, DecisionLog log)
{
    private const int MaximumDepth = 32, MaxWarnings = 8;
    private const string Topic = "data set";
    private const uint Undefined = uint.MaxValue;
    private const string ShortForms = "AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US";
    private const string LongForms = "OB OD OF OL OV OW SQ SV UC UN UR UT UV";

    private int _at, _warnings;

    /// <summary>Whether the bytes are the start of a data set, and may end within the pixel data.</summary>
    public bool MayEndInPixelData { get; init; }

    /// <summary>Whether two bytes are a value representation that DICOM knows.</summary>
    public static bool IsVr(ReadOnlySpan<byte> two) => IsOneOf(two, ShortForms) || IsOneOf(two, LongForms);

    /// <summary>
    /// Reads the elements of group 0002 and leaves <paramref name="at"/> behind them. They end where their Group Length says, since some
    /// files have the group again in the data set; where that leaves the transfer syntax out, it is wrong, and they end with the group.
    /// </summary>
    public DataSet ReadMeta(ref int at)
    {
        DataSet meta = new(bytes, bigEndian);
        _at = at;
        long end = bytes.Length;
        while (bytes.Length - _at >= 8 && PeekTag() >> 16 == 2 && (_at < end || meta.Find(Tags.TransferSyntaxUid) is null))
            if (ReadElement(meta, bytes.Length, 0) == Tags.MetaGroupLength && meta.Bytes(Tags.MetaGroupLength) is { Length: 4 } length)
                end = _at + (long)BinaryPrimitives.ReadUInt32LittleEndian(length);
        at = _at;
        return meta;
    }

    /// <summary>Reads from <paramref name="at"/> to the pixel data, or to the end where there is none.</summary>
    public DataSet Read(int at)
    {
        DataSet dataSet = new(bytes, bigEndian);
        Read(at, dataSet);
        return dataSet;
    }

    /// <summary>
    /// Reads from <paramref name="at"/> into a data set, which holds what came before the damage where the bytes are damaged or cut.
    /// </summary>
    public void Read(int at, DataSet dataSet)
    {
        _at = at;
        bool again = false;
        while (_at < bytes.Length)
        {
            if (!again && bytes.Length - _at >= 8 && PeekTag() >> 16 == 2)
            {
                again = true;
                Warn("group 0002 stands in the data set again; the first one counts");
            }
            if (Tags.IsPixelData(ReadElement(dataSet, bytes.Length, 0)))
                break;
        }
    }

    /// <summary>Reads or walks over one element; <paramref name="into"/> is null where nothing of it is wanted.</summary>
    private uint ReadElement(DataSet? into, int end, int depth)
    {
        int start = _at;
        (uint tag, string vr, uint length) = ReadHeader(end);
        bool top = depth == 0;
        if (length == Undefined)
        {
            if (top && tag == Tags.PixelData)
                Add(into, tag, new Element(vr, _at, -1));
            else
                ReadSequence(into, tag, vr, end, toDelimiter: true, depth);
            return tag;
        }
        if (length > end - _at && top && tag == Tags.PixelData && MayEndInPixelData)
            length = (uint)(end - _at);
        if (length > end - _at)
        {
            string problem = top && tag == Tags.PixelData ? "truncated" : "truncated or damaged";
            throw new ImageException(
                $"the DICOM file is {problem}: {Tags.Describe(tag)} at byte {start} claims {length} bytes where {end - _at} are left");
        }
        int next = _at + (int)length;
        if (into is not null && Tags.IsKeptSequence(tag))
            ReadSequence(into, tag, vr, next, toDelimiter: false, depth);
        else if (into is not null && Tags.IsKept(tag))
            Add(into, tag, new Element(vr, _at, (int)length));
        _at = next;
        return tag;
    }

    private void ReadSequence(DataSet? into, uint tag, string vr, int end, bool toDelimiter, int depth)
    {
        if (depth >= MaximumDepth)
            throw new ImageException($"the DICOM file is damaged: sequences are nested more than {MaximumDepth} deep at byte {_at}");
        // A sequence of unknown VR and undefined length is written in implicit VR little endian whatever the file's syntax (PS3.5, 6.2.2).
        if (vr == "UN" && toDelimiter && (isExplicit || bigEndian))
        {
            DataSetReader inner = new(bytes, isExplicit: false, bigEndian: false, log) { _at = _at };
            inner.ReadSequence(null, tag, "", end, toDelimiter, depth);
            _at = inner._at;
            return;
        }
        bool kept = into is not null && Tags.IsKeptSequence(tag);
        DataSet? first = null;
        while (toDelimiter || _at < end)
        {
            (uint item, _, uint length) = ReadHeader(end);
            if (item == Tags.SequenceEnd && toDelimiter)
                break;
            if (item != Tags.Item)
                throw new ImageException(
                    $"the DICOM file is damaged: a sequence item was expected at byte {_at - 8}, {Tags.Describe(item)} was found");
            if (length != Undefined && length > end - _at)
                throw new ImageException(
                    $"the DICOM file is truncated or damaged: a sequence item at byte {_at - 8} claims {length} bytes where {end - _at} "
                    + "are left");
            bool read = kept && first is null;
            DataSet? target = read ? first = new DataSet(bytes, bigEndian) : null;
            if (length == Undefined)
                ReadItemToDelimiter(target, end, depth);
            else if (read)
                ReadItem(target, _at + (int)length, depth);
            else
                _at += (int)length;
        }
        if (kept)
            Add(into, tag, new Element(vr, _at, 0, first));
    }

    private void ReadItem(DataSet? target, int end, int depth)
    {
        while (_at < end)
            ReadElement(target, end, depth + 1);
    }

    private void ReadItemToDelimiter(DataSet? target, int end, int depth)
    {
        while (end - _at < 8 || PeekTag() != Tags.ItemEnd)
            ReadElement(target, end, depth + 1);
        _at += 8;
    }

    private (uint Tag, string Vr, uint Length) ReadHeader(int end)
    {
        int start = _at;
        if (end - start < 8)
            throw Ends(start);
        uint tag = PeekTag();
        _at += 4;
        if (!isExplicit || tag >> 16 == 0xFFFE)
            return (tag, "", TakeUInt32());
        ReadOnlySpan<byte> two = bytes.AsSpan(_at, 2);
        bool shortForm = IsOneOf(two, ShortForms);
        if (!shortForm && !IsVr(two))
        {
            // New representations have two capital letters and a length of 4 bytes (PS3.5, 7.1.2); anything else stands for one that was
            // lost.
            shortForm = !(char.IsAsciiLetterUpper((char)two[0]) && char.IsAsciiLetterUpper((char)two[1]));
            Warn($"{Tags.Describe(tag)} at byte {start} has the unknown value representation "
                + $"\"{ImagePixel.Printable(Encoding.Latin1.GetString(two))}\"; "
                + $"a length of {(shortForm ? 2 : 4)} bytes was assumed");
        }
        string vr = $"{(char)two[0]}{(char)two[1]}";
        _at += 2;
        if (shortForm)
        {
            int length = bigEndian ? BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(_at))
                : BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(_at));
            _at += 2;
            return (tag, vr, (uint)length);
        }
        _at += 2;
        if (end - _at < 4)
            throw Ends(start);
        return (tag, vr, TakeUInt32());
    }

    private void Add(DataSet? into, uint tag, Element element)
    {
        if (into?.TryAdd(tag, element) == false)
            Warn($"{Tags.Describe(tag)} appears twice; the first one counts");
    }

    private void Warn(string text)
    {
        // A damaged file could have thousands.
        if (_warnings++ < MaxWarnings)
            log.Warn(Topic, text);
    }

    private static ImageException Ends(int start) =>
        new($"the DICOM file is truncated or damaged: the element at byte {start} ends before its value");

    private uint PeekTag()
    {
        ReadOnlySpan<byte> at = bytes.AsSpan(_at);
        return bigEndian
            ? BinaryPrimitives.ReadUInt32BigEndian(at)
            : (uint)BinaryPrimitives.ReadUInt16LittleEndian(at) << 16 | BinaryPrimitives.ReadUInt16LittleEndian(at[2..]);
    }

    private uint TakeUInt32()
    {
        ReadOnlySpan<byte> at = bytes.AsSpan(_at);
        _at += 4;
        return bigEndian ? BinaryPrimitives.ReadUInt32BigEndian(at) : BinaryPrimitives.ReadUInt32LittleEndian(at);
    }

    private static bool IsOneOf(ReadOnlySpan<byte> two, string list)
    {
        for (int i = 0; i < list.Length; i += 3)
            if (two[0] == list[i] && two[1] == list[i + 1])
                return true;
        return false;
    }
}
