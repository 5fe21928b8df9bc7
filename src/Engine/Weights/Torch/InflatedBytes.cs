using System.IO.Compression;
using System.IO.Hashing;
using Microsoft.Win32.SafeHandles;

namespace LungSeg.Engine.Weights.Torch;

/// <summary>
/// A deflated file of an archive, unpacked when it is first read: a small one into memory, a large one in pieces into a
/// temporary file of at most the size that the directory states, which is then read. Nobody else sees that file, and
/// it vanishes with this object or the process, whichever ends first.
/// </summary>
internal sealed class InflatedBytes(ZipEntry entry, long start, bool inMemory) : ByteSource
{
    private readonly Lock _lock = new();
    private ByteSource? _bytes;

    public override string Name => entry.Archive.Name;

    public override long Length => entry.Size;

    protected override void Copy(long offset, Span<byte> destination)
    {
        lock (_lock)
            _bytes ??= Inflate();
        _bytes.Read(offset, destination);
    }

    private ByteSource Inflate()
    {
        try
        {
            if (inMemory)
            {
                byte[] bytes = new byte[entry.Size];
                using var stream = new MemoryStream(bytes);
                CopyTo(stream);
                return new MemoryBytes(Name, bytes);
            }

            string path = Path.Combine(Path.GetTempPath(), $"lungseg-{Path.GetRandomFileName()}");
            bool windows = OperatingSystem.IsWindows();
            SafeFileHandle file = File.OpenHandle(
                path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete,
                windows ? FileOptions.DeleteOnClose : FileOptions.None);
            // Unix keeps an unlinked file until its last handle is closed, even when the process is killed.
            if (!windows)
                File.Delete(path);
            using (var stream = new FileStream(new SafeFileHandle(file.DangerousGetHandle(), ownsHandle: false), FileAccess.Write))
                CopyTo(stream);
            return FileBytes.Of(Name, file);
        }
        catch (InvalidDataException e)
        {
            throw Error($"is damaged: '{entry.Name}' cannot be unpacked ({e.Message})", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Error($"cannot be unpacked: {e.Message}", e);
        }
    }

    private void CopyTo(Stream destination)
    {
        using var inflate = new DeflateStream(new ByteSourceStream(entry.Archive, start, entry.CompressedSize), CompressionMode.Decompress);
        byte[] chunk = new byte[1 << 16];
        long left = entry.Size;
        var crc = new Crc32();
        for (int count; (count = inflate.Read(chunk)) > 0; left -= count)
        {
            if (count > left)
                throw new InvalidDataException($"it holds more than the {entry.Size} bytes that the directory states");
            crc.Append(chunk.AsSpan(0, count));
            destination.Write(chunk, 0, count);
        }
        if (left != 0)
            throw new InvalidDataException($"it ends {left} bytes too early");
        if (crc.GetCurrentHashAsUInt32() != entry.Crc)
            throw new InvalidDataException("the checksum does not match");
    }
}

/// <summary>A part of a source as a stream.</summary>
internal sealed class ByteSourceStream(ByteSource source, long start, long length) : Stream
{
    private long _position;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position { get => _position; set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        int count = (int)Math.Min(buffer.Length, length - _position);
        source.Read(start + _position, buffer[..count]);
        _position += count;
        return count;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
