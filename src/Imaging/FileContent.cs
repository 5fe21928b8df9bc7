namespace LungSeg.Imaging;

/// <summary>The bytes of a file: all of them, as they were at one time.</summary>
public static class FileContent
{
    private const long MaximumBytes = 1L << 30;

    /// <summary>Reads a file, or a pipe to its end; what is missing, too large, not permitted or changed meanwhile is refused.</summary>
    /// <exception cref="ImageException">The path cannot be read.</exception>
    public static byte[] Read(string path) => Read(path, Stream.Null);

    /// <summary>Reads a file as <see cref="Read(string)"/> does and copies what comes to <paramref name="copy"/> as it comes.</summary>
    internal static byte[] Read(string path, Stream copy)
    {
        try
        {
            if (Directory.Exists(path))
                throw new ImageException($"{path}: is a directory, a picture file was expected");
            FileInfo before = new(path);
            if (!before.Exists && path.Contains('\uFFFD'))
                throw new ImageException($"{path}: cannot be opened: its name holds bytes that are not UTF-8; rename the file");
            if (!before.Exists)
                throw new ImageException($"{path}: no such file", new FileNotFoundException(null, path));
            if (before.Length > MaximumBytes)
                throw new ImageException($"{path}: {before.Length >> 20} MiB is over the limit of {MaximumBytes >> 20} MiB for a picture file");
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.SequentialScan);
            byte[] content = ReadToEnd(stream, before.Length, copy);
            FileInfo after = new(path);
            // A pipe changes as it is read.
            if (stream.CanSeek && (!after.Exists || after.Length != before.Length || after.LastWriteTimeUtc != before.LastWriteTimeUtc))
                throw new ImageException($"{path}: the file changed while it was read; try again when it is complete");
            return content;
        }
        catch (FileNotFoundException) when (new FileInfo(path).LinkTarget is { } target)
        {
            throw new ImageException($"{path}: the link leads to '{target}', and there is no such file");
        }
        catch (UnauthorizedAccessException e)
        {
            throw new ImageException($"{path}: cannot be read: no permission", e);
        }
        catch (Exception e) when (e is IOException or ArgumentException or NotSupportedException)
        {
            throw new ImageException($"{path}: cannot be read: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    /// <summary>The length is a guess that pipes and devices do not keep, so that the end of the stream decides.</summary>
    private static byte[] ReadToEnd(FileStream stream, long length, Stream copy)
    {
        byte[] content = new byte[Math.Max(length, 4096)];
        int count = 0;
        while (true)
        {
            if (count == content.Length)
            {
                int next = stream.ReadByte();
                if (next < 0)
                    return content;
                if (count >= MaximumBytes)
                    throw new ImageException($"{stream.Name}: more than the limit of {MaximumBytes >> 20} MiB for a picture file");
                Array.Resize(ref content, (int)Math.Min(2L * count, MaximumBytes + 1));
                content[count++] = (byte)next;
            }
            int read = stream.Read(content, count, content.Length - count);
            copy.Write(content, count, read);
            count += read;
            if (read == 0)
                return count == content.Length ? content : content[..count];
        }
    }
}
