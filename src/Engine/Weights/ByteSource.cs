namespace LungSeg.Engine.Weights;

/// <summary>
/// The bytes of one file, readable at any place. Whoever holds a source keeps it alive: there is nothing to dispose,
/// and a file is closed when the last weight that reads from it is collected.
/// </summary>
internal abstract class ByteSource
{
    /// <summary>The file's name as errors show it.</summary>
    public abstract string Name { get; }

    /// <summary>The length in bytes.</summary>
    public abstract long Length { get; }

    /// <summary>Fills <paramref name="destination"/> with the bytes at <paramref name="offset"/>.</summary>
    public void Read(long offset, Span<byte> destination)
    {
        if (offset < 0 || offset > Length - destination.Length)
            throw Error($"ends too early: {destination.Length} bytes expected at byte {offset}, it has {Length}");
        Copy(offset, destination);
    }

    /// <summary>Reads <paramref name="count"/> bytes into a new array.</summary>
    public byte[] Read(long offset, long count)
    {
        if (offset < 0 || count < 0 || count > Array.MaxLength || offset > Length - count)
            throw Error($"ends too early: {count} bytes expected at byte {offset}, it has {Length}");
        byte[] bytes = GC.AllocateUninitializedArray<byte>((int)count);
        Copy(offset, bytes);
        return bytes;
    }

    /// <summary>An error about this file.</summary>
    public CheckpointException Error(string message, Exception? inner = null) => new($"'{Name}' {message}", inner);

    /// <summary>Copies a range that was checked.</summary>
    protected abstract void Copy(long offset, Span<byte> destination);
}

/// <summary>Bytes that lie in memory already.</summary>
internal sealed class MemoryBytes(string name, ReadOnlyMemory<byte> bytes) : ByteSource
{
    public override string Name => name;

    public override long Length => bytes.Length;

    protected override void Copy(long offset, Span<byte> destination) =>
        bytes.Span.Slice((int)offset, destination.Length).CopyTo(destination);
}

/// <summary>A part of another source, such as a file in an archive.</summary>
internal sealed class ByteRange(string name, ByteSource source, long start, long length) : ByteSource
{
    public override string Name => name;

    public override long Length => length;

    protected override void Copy(long offset, Span<byte> destination) => source.Read(start + offset, destination);
}
