using System.Buffers.Binary;
using System.IO.Hashing;

namespace LungSeg.Engine.Weights.Torch;

/// <summary>A file in a zip archive, as the directory describes it.</summary>
internal sealed record ZipEntry(
    ByteSource Archive, string Name, int NameBytes, int Flags, int Method, uint Crc, long CompressedSize, long Size, long Offset)
{
    public const int LocalHeaderBytes = 30;

    // Weights hardly compress. What claims to shrink more than this is a bomb.
    internal const long MaxRatio = 64, SmallBytes = 16 << 20;

    private const int Stored = 0, Deflated = 8, Encrypted = 1;
    private const uint LocalSignature = 0x04034B50;

    public bool IsStored => Method == Stored;

    /// <summary>
    /// The file's bytes. A stored file is read where it lies, a deflated one is unpacked when it is first read. With
    /// <paramref name="verify"/> the checksum is compared at the first read.
    /// </summary>
    public ByteSource Open(bool verify = true)
    {
        if ((Flags & Encrypted) != 0)
            throw Archive.Error($"is encrypted: unpack '{Name}' first");
        if (Method is not (Stored or Deflated))
            throw Archive.Error($"packs '{Name}' by method {Method}; stored and deflated files can be read: pack it again");

        ReadOnlySpan<byte> local = Archive.Read(Offset, (long)LocalHeaderBytes);
        if (BinaryPrimitives.ReadUInt32LittleEndian(local) != LocalSignature)
            throw Archive.Error($"is damaged: '{Name}' is not where the zip file's directory says");
        // The extra field's length differs between the directory and here: PyTorch pads with it to align the data.
        long start = Offset + LocalHeaderBytes
            + BinaryPrimitives.ReadUInt16LittleEndian(local[26..]) + BinaryPrimitives.ReadUInt16LittleEndian(local[28..]);
        if (start > Archive.Length - CompressedSize)
            throw Archive.Error($"is truncated: '{Name}' ends after the end of the file");

        if (Method == Stored)
        {
            if (CompressedSize != Size)
                throw Archive.Error($"is damaged: '{Name}' is stored, but has two sizes");
            var bytes = new ByteRange(Archive.Name, Archive, start, Size);
            return verify && Crc != 0 ? new VerifiedBytes(bytes, Name, Crc) : bytes;
        }
        if (Size > SmallBytes && Size / MaxRatio > CompressedSize)
            throw Archive.Error($"is refused: '{Name}' would grow from {CompressedSize} to {Size} bytes");
        return new InflatedBytes(this, start, inMemory: Size <= SmallBytes);
    }
}

/// <summary>
/// Bytes whose checksum is compared before the first of them is handed out. A checksum of 0 stands for none: PyTorch can
/// be told not to compute it.
/// </summary>
internal sealed class VerifiedBytes(ByteSource source, string entry, uint crc) : ByteSource
{
    private bool _verified;

    public override string Name => source.Name;

    public override long Length => source.Length;

    protected override void Copy(long offset, Span<byte> destination)
    {
        if (!_verified)
        {
            byte[] chunk = new byte[(int)Math.Min(1 << 16, Length)];
            var actual = new Crc32();
            for (long at = 0; at < Length; at += chunk.Length)
            {
                Span<byte> part = chunk.AsSpan(0, (int)Math.Min(chunk.Length, Length - at));
                source.Read(at, part);
                actual.Append(part);
            }
            if (actual.GetCurrentHashAsUInt32() != crc)
                throw Error($"is damaged: the checksum of '{entry}' does not match (copy or download it again)");
            _verified = true;
        }
        source.Read(offset, destination);
    }
}
