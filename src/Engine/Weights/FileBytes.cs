using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace LungSeg.Engine.Weights;

/// <summary>
/// A file mapped into memory. Both handles are finalizable, so the mapping lives as long as somebody holds this object.
/// The length is checked again at every read: touching a mapped page that a truncation took away would end the process.
/// </summary>
internal sealed unsafe class MappedBytes : ByteSource
{
    private readonly SafeFileHandle _file;
    private readonly SafeMemoryMappedViewHandle _view;

    private MappedBytes(string name, SafeFileHandle file, SafeMemoryMappedViewHandle view, long length)
    {
        Name = name;
        _file = file;
        _view = view;
        Length = length;
    }

    public override string Name { get; }

    public override long Length { get; }

    /// <summary>Opens a file that is not empty.</summary>
    public static MappedBytes Open(string path)
    {
        if (Directory.Exists(path))
            throw new CheckpointException($"'{path}' is a directory: name the checkpoint file in it");
        try
        {
            return Map(path, File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete));
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

    /// <summary>Maps an open file and takes its handle over.</summary>
    public static MappedBytes Map(string name, SafeFileHandle file)
    {
        try
        {
            long length = RandomAccess.GetLength(file);
            if (length == 0)
                throw new CheckpointException($"'{name}' is empty");
            using MemoryMappedFile mapping = MemoryMappedFile.CreateFromFile(
                file, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            // The accessor is dropped, not disposed: its handle is what keeps the pages.
            return new MappedBytes(
                name, file, mapping.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read).SafeMemoryMappedViewHandle, length);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    protected override void Copy(long offset, Span<byte> destination)
    {
        if (RandomAccess.GetLength(_file) < Length)
            throw Error($"was cut short while it was in use: it had {Length} bytes");
        byte* pointer = null;
        _view.AcquirePointer(ref pointer);
        try
        {
            new ReadOnlySpan<byte>(pointer + offset, destination.Length).CopyTo(destination);
        }
        finally
        {
            _view.ReleasePointer();
        }
    }
}
