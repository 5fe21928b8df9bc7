namespace LungSeg.IO;

/// <summary>Reads whole files up to a limit: all bytes, as they were at one time.</summary>
internal static class BoundedFile
{
    private const int SmallestBuffer = 4096, ChunkBytes = 1 << 16;

    /// <summary>
    /// Reads a file, or a pipe to its end. What is missing, larger than the limit, not permitted or changed meanwhile is refused.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="limit">The most bytes it may have.</param>
    /// <param name="expected">What it should be, for messages, such as "image file".</param>
    /// <exception cref="FileException">The path cannot be read.</exception>
    public static byte[] Read(string path, long limit, string expected) => Read(path, limit, expected, Stream.Null);

    /// <summary>
    /// Reads a file as <see cref="Read(string, long, string)"/> does and copies what comes to <paramref name="copy"/> as it comes.
    /// </summary>
    internal static byte[] Read(string path, long limit, string expected, Stream copy)
    {
        try
        {
            if (Directory.Exists(path)) throw new FileException($"{path}: is a directory, but one {expected} was expected");
            FileInfo before = new(path);
            if (!before.Exists && path.Contains('\uFFFD'))
                throw new FileException($"{path}: cannot be opened: its name holds bytes that are not UTF-8; rename the file");
            if (!before.Exists) throw new FileException($"{path}: no such file", new FileNotFoundException(null, path));
            if (before.Length > limit)
                throw new FileException($"{path}: {Size(before.Length)} is over the limit of {Size(limit)} for one {expected}");
            using FileStream stream = new(
                path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.SequentialScan);
            byte[] content = ReadToEnd(stream, before.Length, limit, expected, copy);
            FileInfo after = new(path);
            // A pipe changes as it is read.
            if (stream.CanSeek && (!after.Exists || after.Length != before.Length || after.LastWriteTimeUtc != before.LastWriteTimeUtc))
                throw new FileException($"{path}: the file changed while it was read; try again when it is complete");
            return content;
        }
        catch (FileNotFoundException) when (new FileInfo(path).LinkTarget is { } target)
        {
            throw new FileException($"{path}: the link leads to '{target}', and there is no such file");
        }
        catch (UnauthorizedAccessException e)
        {
            throw new FileException($"{path}: cannot be read: no permission", e);
        }
        catch (Exception e) when (e is IOException or ArgumentException or NotSupportedException)
        {
            throw new FileException($"{path}: cannot be read: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    /// <summary>
    /// Reads a stream from where it stands to its end; <paramref name="name"/> stands for it in errors. The stream stays open.
    /// </summary>
    /// <exception cref="FileException">The stream cannot be read, or has more bytes than the limit.</exception>
    public static byte[] Read(Stream stream, string name, long limit, string expected)
    {
        ArgumentNullException.ThrowIfNull(stream);
        try
        {
            using MemoryStream content = new();
            byte[] chunk = new byte[ChunkBytes];
            for (int read; (read = stream.Read(chunk)) > 0;) Append(content, chunk.AsSpan(0, read), name, limit, expected);
            return content.ToArray();
        }
        catch (Exception e) when (e is IOException or NotSupportedException or UnauthorizedAccessException)
        {
            throw new FileException($"{name}: cannot be read: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    /// <summary>As <see cref="Read(Stream, string, long, string)"/>, holding no thread while it waits.</summary>
    /// <exception cref="FileException">The stream cannot be read, or has more bytes than the limit.</exception>
    public static async Task<byte[]> ReadAsync(Stream stream, string name, long limit, string expected, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(stream);
        try
        {
            using MemoryStream content = new();
            byte[] chunk = new byte[ChunkBytes];
            for (int read; (read = await stream.ReadAsync(chunk, cancellation).ConfigureAwait(false)) > 0;)
                Append(content, chunk.AsSpan(0, read), name, limit, expected);
            return content.ToArray();
        }
        catch (Exception e) when (e is IOException or NotSupportedException or UnauthorizedAccessException)
        {
            throw new FileException($"{name}: cannot be read: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    /// <summary>As <see cref="Read(string, long, string)"/>, holding no thread while it waits.</summary>
    /// <exception cref="FileException">The path cannot be read.</exception>
    public static async Task<byte[]> ReadAsync(string path, long limit, string expected, CancellationToken cancellation)
    {
        // What is no file is refused in the words that the other way has.
        if (!File.Exists(path)) return Read(path, limit, expected);
        FileStream stream;
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0,
                FileOptions.Asynchronous | FileOptions.SequentialScan);
        }
        catch (Exception e) when (e is IOException or ArgumentException or NotSupportedException or UnauthorizedAccessException)
        {
            throw new FileException(
                $"{path}: cannot be read: {(e is UnauthorizedAccessException ? "no permission" : e.Message.ReplaceLineEndings(" "))}", e);
        }
        await using (stream.ConfigureAwait(false))
            return await ReadAsync(stream, path, limit, expected, cancellation).ConfigureAwait(false);
    }

    private static void Append(MemoryStream content, ReadOnlySpan<byte> chunk, string name, long limit, string expected)
    {
        if (content.Length + chunk.Length > limit)
            throw new FileException($"{name}: more than the limit of {Size(limit)} for one {expected}");
        content.Write(chunk);
    }

    // The length is a guess that pipes and devices do not keep: the end of the stream decides.
    private static byte[] ReadToEnd(FileStream stream, long length, long limit, string expected, Stream copy)
    {
        byte[] content = new byte[Math.Max(length, SmallestBuffer)];
        int count = 0;
        while (true)
        {
            if (count == content.Length)
            {
                int next = stream.ReadByte();
                if (next < 0) return content;
                if (count >= limit) throw TooLong();
                Array.Resize(ref content, (int)Math.Min(2L * count, limit + 1));
                content[count++] = (byte)next;
            }
            int read = stream.Read(content, count, content.Length - count);
            copy.Write(content, count, read);
            count += read;
            if (count > limit) throw TooLong();
            if (read == 0) return count == content.Length ? content : content[..count];
        }

        FileException TooLong() => new($"{stream.Name}: more than the limit of {Size(limit)} for one {expected}");
    }

    private static string Size(long bytes) => bytes >= 1 << 20 ? $"{bytes >> 20} MiB" : $"{bytes} bytes";
}
