using System.Text;
using System.Text.RegularExpressions;

namespace LungSeg.IO;

/// <summary>
/// Files that appear whole or not at all, after a crash or a power failure too: each is written beside its name, flushed to the disk, and
/// renamed; then its directory is flushed.
/// </summary>
internal static partial class AtomicFile
{
    /// <summary>Writes one file; <paramref name="write"/> gets a stream that is at its start.</summary>
    /// <exception cref="FileException">The path cannot be written; the old file, if there was one, is as it was.</exception>
    public static void Write(string path, Action<Stream> write) => Write((path, write));

    /// <summary>Writes text as UTF-8 without a byte order mark.</summary>
    /// <exception cref="FileException">The path cannot be written; the old file, if there was one, is as it was.</exception>
    public static void Write(string path, string text) => Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));

    /// <summary>Writes several files. None gets its name before all are complete on the disk.</summary>
    /// <exception cref="FileException">
    /// A path cannot be written; no file was made or changed, unless the renaming itself failed half-way.
    /// </exception>
    public static void Write(params IReadOnlyList<(string Path, Action<Stream> Write)> files)
    {
        List<Unfinished> unfinished = [];
        string path = "";
        try
        {
            foreach ((string name, Action<Stream> write) in files)
            {
                path = name;
                if (Directory.Exists(path))
                    throw new FileException($"{path}: is a directory, the name of a file was expected") { Remedy = Remedy.NameOutput };
                var file = new Unfinished(path);
                unfinished.Add(file);
                write(file.Stream);
                // The disk works on this one while the next is written.
                file.BeginFlush();
            }
            foreach (Unfinished file in unfinished)
            {
                path = file.Path;
                file.EndFlush();
            }
            foreach (Unfinished file in unfinished)
            {
                path = file.Path;
                File.Move(file.Temporary, path, overwrite: true);
            }
        }
        catch (Exception e)
        {
            foreach (Unfinished file in unfinished) file.Discard();
            if (IsFileFault(e)) throw new FileException($"{path}: cannot be written: {Reason(path, e)}", e);
            throw;
        }
        foreach (string directory in unfinished.Select(file => DirectoryOf(file.Path)).Distinct()) DirectoryFlush.Try(directory);
    }

    /// <summary>Copies a file.</summary>
    /// <exception cref="FileException">
    /// One cannot be read or the other cannot be written; the old target, if there was one, is as it was.
    /// </exception>
    public static void Copy(string from, string to) => Write(to, stream =>
    {
        using FileStream source = OpenRead(from);
        source.CopyTo(stream);
    });

    /// <summary>
    /// Writes the beginning of a file, gives it its name, and leaves it open so that more can be added. Only one process at a time may
    /// begin a path.
    /// </summary>
    /// <exception cref="IOException">The path cannot be written; the old file, if there was one, is as it was.</exception>
    /// <exception cref="UnauthorizedAccessException">There is no permission to write there.</exception>
    public static FileStream Begin(string path, Action<FileStream> write)
    {
        // The name is the same every time, so that what a process that was killed left behind goes. Where it is a link, its target is left
        // alone.
        string temporary = $"{path}.new";
        File.Delete(temporary);
        FileStream stream = new(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.Read | FileShare.Delete, bufferSize: 0);
        try
        {
            write(stream);
            stream.Flush(flushToDisk: true);
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            stream.Dispose();
            Delete(temporary);
            throw;
        }
        DirectoryFlush.Try(DirectoryOf(path));
        return stream;
    }

    /// <summary>Whether a name is one that <see cref="Write(string, Action{Stream})"/> gives to a file until it is complete.</summary>
    public static bool IsUnfinished(string path) => TemporaryName().IsMatch(path);

    private static string DirectoryOf(string path) => Path.GetDirectoryName(Path.GetFullPath(path))!;

    private static FileStream OpenRead(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        }
        catch (Exception e) when (IsFileFault(e))
        {
            throw new FileException($"{path}: cannot be read: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    private static bool IsFileFault(Exception e) =>
        e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException;

    private static string Reason(string path, Exception e) => e switch
    {
        DirectoryNotFoundException => $"the directory {DirectoryOf(path)} does not exist",
        UnauthorizedAccessException => $"no permission to write in {DirectoryOf(path)}",
        _ when DiskFull.Is(e) => "no space is left on the disk",
        _ => e.Message.ReplaceLineEndings(" "),
    };

    private static void Delete(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The error that led here is the one worth telling.
        }
    }

    [GeneratedRegex(@"\.\d+-[0-9a-f]{32}\.tmp$")]
    private static partial Regex TemporaryName();

    /// <summary>A file that has not got its name yet.</summary>
    private sealed class Unfinished(string path)
    {
        private Task? _flush;

        public string Path => path;

        public string Temporary { get; } = $"{path}.{Environment.ProcessId}-{Guid.NewGuid():N}.tmp";

        public FileStream Stream => field ??= new FileStream(Temporary, FileMode.CreateNew, FileAccess.Write);

        public void BeginFlush() => _flush = Task.Run(() => Stream.Flush(flushToDisk: true));

        public void EndFlush()
        {
            _flush!.GetAwaiter().GetResult();
            Stream.Dispose();
        }

        public void Discard()
        {
            // On a full disk either fails again, and the file has to be closed all the same.
            Try(() => _flush?.Wait());
            if (File.Exists(Temporary)) Try(Stream.Dispose);
            Delete(Temporary);
        }

        private static void Try(Action action)
        {
            try
            {
                action();
            }
            catch (Exception e) when (e is AggregateException || IsFileFault(e))
            {
                // The error that led here is the one worth telling.
            }
        }
    }
}
