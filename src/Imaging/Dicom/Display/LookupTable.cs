namespace LungSeg.Imaging.Dicom.Display;

/// <summary>A DICOM lookup table: its descriptor and data (PS3.3, C.11.1.1 and C.7.6.3.1.5). Values outside take the first or last entry.</summary>
internal sealed record LookupTable(int First, int Bits, ushort[] Entries)
{
    public int MaxValue => (1 << Bits) - 1;

    public ushort Find(double value) => Entries[(int)Math.Clamp(Math.Round(value) - First, 0, Entries.Length - 1)];

    /// <summary>Reads a table whose first mapped value is signed where its VR or, where the file has none, <paramref name="isSigned"/> says so.</summary>
    public static LookupTable Read(DataSet item, uint descriptorTag, uint dataTag, bool isSigned, DecisionLog log)
    {
        ushort[] descriptor = item.Words(descriptorTag);
        if (descriptor.Length < 3)
            throw DataSet.Missing(descriptorTag);
        int count = descriptor[0] == 0 ? 1 << 16 : descriptor[0], bits = descriptor[2];
        string vr = item.Find(descriptorTag)!.Value.Vr;
        int first = vr == "SS" || (vr != "US" && isSigned) ? (short)descriptor[1] : descriptor[1];
        if (bits is < 8 or > 16)
            throw new ImageException($"the DICOM file is damaged: {bits} bits per entry in {Tags.Describe(descriptorTag)}, 8 to 16 were expected");
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
            throw new ImageException($"the DICOM file is damaged: {Tags.Describe(tag)} has {item.Bytes(tag).Length} bytes, {count} entries were expected");
        ushort[] entries = Array.ConvertAll(item.Bytes(tag)[..count].ToArray(), b => (ushort)b);
        if (item.BigEndian && item.Find(tag)!.Value.Vr != "OB")
            for (int i = 0; i + 1 < count; i += 2)
                (entries[i], entries[i + 1]) = (entries[i + 1], entries[i]);
        return entries;
    }
}
