using LungSeg.IO;

namespace LungSeg.Cli.Journals;

/// <summary>
/// A file of lines to which one process appends. Each line is one write at a known position: if the process is killed or the disk is full,
/// earlier lines are not lost, and a part of a line is cut off.
/// </summary>
internal sealed class LineFile : IDisposable
{
    private readonly string _path;
    private FileStream? _file;
    private long _length;

    private LineFile(string path) => _path = path;

    /// <summary>Starts a new file with some lines; it replaces the old file when all of them are written.</summary>
    /// <exception cref="UsageException">The file cannot be written.</exception>
    public static LineFile Begin(string path, IEnumerable<byte[]> lines)
    {
        var file = new LineFile(path);
        file.Written(() => AtomicFile.Begin(path, stream =>
        {
            file._file = stream;
            foreach (byte[] line in lines) file.Write(line);
        }));
        return file;
    }

    /// <summary>Adds a line, which is given without its end.</summary>
    /// <exception cref="UsageException">The file cannot be written.</exception>
    public void Add(byte[] line) => Written(() => Write(line));

    public void Dispose() => _file?.Dispose();

    private void Write(byte[] line)
    {
        byte[] bytes = [.. line, (byte)'\n'];
        try
        {
            RandomAccess.Write(_file!.SafeFileHandle, bytes, _length);
            _length += bytes.Length;
        }
        catch (IOException)
        {
            RandomAccess.SetLength(_file!.SafeFileHandle, _length);
            throw;
        }
    }

    private void Written(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"'{_path}' cannot be written: {(DiskFull.Is(e) ? "no space is left on the disk" : e.Message)}", e);
        }
    }
}
