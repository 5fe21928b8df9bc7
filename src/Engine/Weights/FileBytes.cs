using Microsoft.Win32.SafeHandles;

namespace LungSeg.Engine.Weights;

/// <summary>
/// An open file. The handle is finalizable, so the file stays open as long as somebody holds this object. It is read piece by
/// piece rather than mapped: mapped pages count as the program's memory, and touching one that a truncation took away ends it.
/// </summary>
internal sealed class FileBytes : ByteSource
{
    private readonly SafeFileHandle _file;

    private FileBytes(string name, SafeFileHandle file, long length)
    {
        Name = name;
        _file = file;
        Length = length;
    }

    public override string Name { get; }

    public override long Length { get; }

    /// <summary>Opens a file that is not empty.</summary>
    public static FileBytes Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (Directory.Exists(path))
            throw new CheckpointException($"'{path}' is a directory: name the checkpoint file in it");
        try
        {
            return Of(path, File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CheckpointException($"'{path}' does not exist", new FileNotFoundException(null, path, e));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new CheckpointException($"'{path}' cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Takes the handle of an open file over.</summary>
    public static FileBytes Of(string name, SafeFileHandle file)
    {
        try
        {
            long length = RandomAccess.GetLength(file);
            return length > 0 ? new FileBytes(name, file, length) : throw new CheckpointException($"'{name}' is empty");
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    protected override void Copy(long offset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            int read;
            try
            {
                read = RandomAccess.Read(_file, destination, offset);
            }
            catch (IOException e)
            {
                throw Error($"cannot be read: {e.Message}", e);
            }
            if (read == 0) throw Error($"was cut short while it was in use: it had {Length} bytes");
            destination = destination[read..];
            offset += read;
        }
    }
}
