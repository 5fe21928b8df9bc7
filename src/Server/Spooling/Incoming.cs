using LungSeg.IO;

namespace LungSeg.Server.Spooling;

/// <summary>The spool takes nothing more for now; the sender may try again later.</summary>
internal sealed class SpoolFullException(string message, Exception? inner = null) : LungSegException(message, inner);

/// <summary>An image is larger than the service takes.</summary>
internal sealed class TooLargeException(string message) : LungSegException(message);

/// <summary>An image that is being received: a directory beside the items, which goes away unless it is accepted.</summary>
internal sealed class Incoming : IDisposable
{
    private readonly Spool _spool;
    private readonly FileStream _file;
    private bool _kept;

    public Incoming(Spool spool, string directory)
    {
        (_spool, Directory) = (spool, directory);
        System.IO.Directory.CreateDirectory(directory);
        Input = Path.Combine(directory, "input");
        _file = new FileStream(Input, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read, 1 << 16);
    }

    public string Directory { get; }

    public string Input { get; }

    public long Length { get; private set; }

    /// <summary>Adds bytes.</summary>
    /// <exception cref="SpoolFullException">They have no room.</exception>
    /// <exception cref="TooLargeException">The image is larger than the service takes.</exception>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (Length + bytes.Length > _spool.Limits.ImageBytes)
            throw new TooLargeException($"the image has more than the {_spool.Limits.ImageBytes >> 20} MiB that the service takes");
        _spool.Reserve(bytes.Length);
        Length += bytes.Length;
        try
        {
            _file.Write(bytes);
        }
        catch (IOException e)
        {
            throw new SpoolFullException($"the spool cannot be written: {(DiskFull.Is(e) ? "no space is left on the disk" : e.Message)}",
                e);
        }
    }

    /// <summary>The first bytes, for a look at what the image says of itself.</summary>
    public byte[] Start(int maximum)
    {
        _file.Flush();
        _file.Position = 0;
        byte[] start = new byte[(int)Math.Min(maximum, Length)];
        _file.ReadExactly(start);
        _file.Position = Length;
        return start;
    }

    /// <summary>The hash of the bytes that are there.</summary>
    public string Hash()
    {
        Flush(toDisk: false);
        _file.Position = 0;
        return Sha256.TextOf(_file);
    }

    /// <summary>No more bytes come.</summary>
    /// <param name="toDisk">Whether they are on the disk then, and outlast a loss of power.</param>
    public void Finish(bool toDisk)
    {
        Flush(toDisk);
        _file.Dispose();
    }

    private void Flush(bool toDisk)
    {
        try
        {
            _file.Flush(toDisk);
        }
        catch (IOException e)
        {
            throw new SpoolFullException($"the spool cannot be written: {(DiskFull.Is(e) ? "no space is left on the disk" : e.Message)}",
                e);
        }
    }

    /// <summary>The directory, or what was of use of it, has become part of an item: its bytes count there.</summary>
    public void Keep() => _kept = true;

    public void Dispose()
    {
        try
        {
            _file.Dispose();
        }
        catch (IOException)
        {
            // On a full disk the rest of the buffer has no room, and is not wanted.
        }
        if (!_kept) _spool.Release(Length);
        if (System.IO.Directory.Exists(Directory)) Spool.Delete(Directory);
    }
}
