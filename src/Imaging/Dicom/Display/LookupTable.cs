namespace LungSeg.Imaging.Dicom.Display;

/// <summary>
/// A DICOM lookup table: its descriptor and data (PS3.3, C.11.1.1 and C.7.6.3.1.5). Values outside take the first or last entry.
/// </summary>
internal sealed record LookupTable(int First, int Bits, ushort[] Entries)
{
    public int MaxValue => (1 << Bits) - 1;

    public ushort Find(double value) => Entries[(int)Math.Clamp(Math.Round(value) - First, 0, Entries.Length - 1)];

    /// <summary>
    /// The value that means full brightness: the highest that the stated bits can hold or, where no entry needs them all, the highest
    /// entry, since files are found that state 16 bits for a table of 12. Eight bits are the fewest that a table can state.
    /// </summary>
    public int FullBrightness(DecisionLog log)
    {
        int highest = Entries.Max();
        if (Bits == 8 || highest == 0 || highest > MaxValue >> 1)
            return MaxValue;
        log.Warn("lookup table", $"no entry is over {highest} where {Bits} bits are stated; {highest} was taken for full brightness");
        return highest;
    }

    /// <summary>Reads a table as <see cref="Read"/> does; one that cannot be used is left out with a warning.</summary>
    public static LookupTable? ReadUsable(string topic, DataSet item, bool isSigned, DecisionLog log)
    {
        try
        {
            LookupTable table = Read(item, Tags.LutDescriptor, Tags.LutData, isSigned, log);
            if (table.Entries.AsSpan().ContainsAnyExcept(table.Entries[0]))
                return table;
            log.Warn(topic, "the file's table has one value only, and was left out");
        }
        catch (ImageException e)
        {
            log.Warn(topic, $"the file's table was left out: {e.Message}");
        }
        return null;
    }

    /// <summary>
    /// Reads a table whose first mapped value is signed where its VR or, where the file has none, <paramref name="isSigned"/> says so.
    /// </summary>
    public static LookupTable Read(DataSet item, uint descriptorTag, uint dataTag, bool isSigned, DecisionLog log)
    {
        ushort[] descriptor = item.Words(descriptorTag);
        if (descriptor.Length < 3)
            throw DataSet.Missing(descriptorTag);
        int count = descriptor[0] == 0 ? 1 << 16 : descriptor[0], bits = descriptor[2];
        string vr = item.Find(descriptorTag)!.Value.Vr;
        int first = vr == "SS" || (vr != "US" && isSigned) ? (short)descriptor[1] : descriptor[1];
        if (bits is < 8 or > 16)
            throw new ImageException(
                $"the DICOM file is damaged: {bits} bits per entry in {Tags.Describe(descriptorTag)}, 8 to 16 were expected");
        ushort[] entries = ReadEntries(item, dataTag, count);
        int highest = entries.Max();
        if (highest >> bits != 0)
        {
            int needed = System.Numerics.BitOperations.Log2((uint)highest) + 1;
            log.Warn("lookup table", $"entries of {needed} bits where {bits} are stated");
            bits = needed;
        }
        return new LookupTable(first, bits, entries);
    }

    private static ushort[] ReadEntries(DataSet item, uint tag, int count)
    {
        ushort[] words = item.Words(tag);
        if (words.Length >= count)
            return words[..count];
        // 8-bit entries may be packed, two to a word, the earlier one low.
        if (item.Bytes(tag).Length < count)
            throw new ImageException(
                $"the DICOM file is damaged: {Tags.Describe(tag)} has {item.Bytes(tag).Length} bytes, {count} entries were expected");
        ushort[] entries = Array.ConvertAll(item.Bytes(tag)[..count].ToArray(), b => (ushort)b);
        if (item.BigEndian && item.Find(tag)!.Value.Vr != "OB")
            for (int i = 0; i + 1 < count; i += 2)
                (entries[i], entries[i + 1]) = (entries[i + 1], entries[i]);
        return entries;
    }
}
