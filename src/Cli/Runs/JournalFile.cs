using System.Text.Json;

namespace LungSeg.Cli.Runs;

/// <summary>A journal that was written before. Entries stay in the file and are read when they are asked for, so that a run may have any size.</summary>
internal sealed class JournalFile : IDisposable
{
    /// <summary>A line holds a preview of some kilobytes and a few hundred bytes for each output.</summary>
    private const int MostLineBytes = 8 << 20;

    private readonly FileStream _file;
    private readonly Dictionary<string, (int Number, long Start, int Length)> _entries = [];
    private readonly List<RunSession> _sessions = [];

    private JournalFile(string path, FileStream file) => (Path, _file) = (path, file);

    public string Path { get; }

    /// <summary>All sessions, the oldest first.</summary>
    public IReadOnlyList<RunSession> Sessions => _sessions;

    /// <summary>How the last session ended; null if it was killed or still runs.</summary>
    public SessionEnd? End { get; private set; }

    /// <summary>The names of the images that are noted, in the order of names.</summary>
    public IEnumerable<string> Names => _entries.Keys.Order(StringComparer.Ordinal);

    /// <summary>How many images there are when the run, or the part of it that this journal is of, is finished.</summary>
    public int Expected => Journal.IsWhole(Path) ? Sessions[^1].AllImages : Sessions[^1].Images;

    public int Count => _entries.Count;

    /// <summary>Reads where each entry stands. A last line that is cut short, as a kill leaves it, is no line.</summary>
    public static JournalFile Open(string path)
    {
        var file = new FileInfo(path);
        if (file.LinkTarget is not null)
            throw new UsageException($"the journal '{path}' is a link: name the directory that it leads to, as outputs are looked for beside it");
        // A pipe has no length, and would be waited for.
        if (file is { Exists: true, Length: 0 }) throw new UsageException($"the journal '{path}' is empty; a run without --resume begins it anew");
        try
        {
            var journal = new JournalFile(path, new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
            try
            {
                journal.ReadAll();
                return journal;
            }
            catch
            {
                journal.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"the journal '{path}' cannot be read: {e.Message}", e);
        }
    }

    /// <summary>An image's entry, or null.</summary>
    public JournalEntry? Find(string name)
    {
        if (!_entries.TryGetValue(name, out (int Number, long Start, int Length) place)) return null;
        byte[] line = new byte[place.Length];
        // Without a position of its own, for several threads.
        for (int read = 0, some; read < line.Length; read += some)
        {
            some = RandomAccess.Read(_file.SafeFileHandle, line.AsSpan(read), place.Start + read);
            if (some == 0) throw Damaged(place.Number, "it was cut off while it was read");
        }
        return Parse(place.Number, line).Image is { } entry && entry.Record.File == name ? entry : throw Damaged(place.Number, "it was changed while it was read");
    }

    public void Dispose() => _file.Dispose();

    private void ReadAll()
    {
        int number = 0;
        foreach ((long start, byte[] bytes) in Lines())
        {
            JournalLine line = Parse(++number, bytes);
            if (line.Image is { } image) _entries[image.Record.File] = (number, start, bytes.Length);
            if (line.Session is { } session) _sessions.Add(session);
            if (line.Session is not null || line.End is not null) End = line.End;
        }
        if (_sessions.Count == 0) throw new UsageException($"the journal '{Path}' has no beginning; a run without --resume begins it anew");
    }

    private JournalLine Parse(int number, byte[] bytes)
    {
        try
        {
            JournalLine line = JsonSerializer.Deserialize(bytes, RunJson.Lines.JournalLine) ?? new JournalLine();
            return JournalCheck.FaultOf(line) is { } fault ? throw Damaged(number, fault) : line;
        }
        catch (JsonException e)
        {
            throw Damaged(number, $"it is not what a journal has at {e.Path ?? "$"} (byte {e.BytePositionInLine})", e);
        }
    }

    private UsageException Damaged(int number, string fault, Exception? inner = null) =>
        new($"line {number} of the journal '{Path}' is damaged: {fault}; a run without --resume begins it anew", inner);

    private IEnumerable<(long Start, byte[] Line)> Lines()
    {
        byte[] buffer = new byte[1 << 16];
        var line = new MemoryStream();
        long start = 0;
        int number = 1;
        for (int read; (read = _file.Read(buffer)) > 0;)
        {
            int from = 0;
            for (int end; (end = Array.IndexOf(buffer, (byte)'\n', from, read - from)) >= 0; from = end + 1)
            {
                line.Write(buffer, from, end - from);
                yield return (start, line.ToArray());
                start += line.Length + 1;
                line.SetLength(0);
                number++;
            }
            line.Write(buffer, from, read - from);
            if (line.Length > MostLineBytes) throw Damaged(number, $"it has more than {MostLineBytes} bytes");
        }
    }
}
