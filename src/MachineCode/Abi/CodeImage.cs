namespace LungSeg.MachineCode.Abi;

/// <summary>A function of the image: a tile's size and calling convention, and where its bytes are.</summary>
internal readonly record struct CodeEntry(CallConvention Convention, int Pixels, int Vectors, int Offset, int Length);

/// <summary>
/// The assembled functions as one file: their number, an entry for each, then the code. Offsets are from the start of the code and are
/// multiples of <see cref="Alignment"/>; what is between two functions is filled with breakpoints.
/// </summary>
internal sealed class CodeImage(IReadOnlyList<CodeEntry> entries, byte[] code)
{
    /// <summary>Functions start at cache lines.</summary>
    public const int Alignment = 64;

    public IReadOnlyList<CodeEntry> Entries { get; } = entries;

    public byte[] Code { get; } = code;

    /// <summary>Writes the file; the same functions give the same bytes.</summary>
    public void Write(Stream stream)
    {
        using var writer = new BinaryWriter(stream, System.Text.Encoding.UTF8, leaveOpen: true);
        writer.Write(Entries.Count);
        foreach (CodeEntry entry in Entries)
        {
            writer.Write((byte)entry.Convention);
            writer.Write((byte)entry.Pixels);
            writer.Write((byte)entry.Vectors);
            writer.Write(entry.Offset);
            writer.Write(entry.Length);
        }
        writer.Write(Code.Length);
        writer.Write(Code);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static CodeImage Read(Stream stream)
    {
        using var reader = new BinaryReader(stream, System.Text.Encoding.UTF8, leaveOpen: true);
        var entries = new CodeEntry[reader.ReadInt32()];
        for (int i = 0; i < entries.Length; i++)
        {
            entries[i] = new CodeEntry(
                (CallConvention)reader.ReadByte(), reader.ReadByte(), reader.ReadByte(), reader.ReadInt32(), reader.ReadInt32());
        }
        var code = new byte[reader.ReadInt32()];
        stream.ReadExactly(code);
        return new CodeImage(entries, code);
    }
}
