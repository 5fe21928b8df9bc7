using System.Text.Json;
using LungSeg.Cli.Inputs;
using LungSeg.Imaging.Outputs;

namespace LungSeg.Cli.Journals;

/// <summary>
/// An existing journal. Entries stay in the file and are read when needed, so that a run may have any size.
/// </summary>
internal sealed class JournalFile : IDisposable
{
    /// <summary>A line has a preview of some kilobytes and a few hundred bytes for each output.</summary>
    private const int MaxLineBytes = 8 << 20;

    private readonly FileStream _file;
    private readonly Dictionary<string, (int Number, long Start, int Length)> _entries = [];
    private readonly List<RunSession> _sessions = [];

    private JournalFile(string path, FileStream file) => (Path, _file) = (path, file);

    public string Path { get; }

    /// <summary>All sessions, the oldest first.</summary>
    public IReadOnlyList<RunSession> Sessions => _sessions;

    /// <summary>How the last session ended; null if it was killed or still runs.</summary>
    public SessionEnd? End { get; private set; }

    /// <summary>The names of the images in the journal, sorted.</summary>
    public IEnumerable<string> Names => _entries.Keys.Order(StringComparer.Ordinal);

    /// <summary>Number of images of the finished run, or of the finished shard.</summary>
    public int Expected => Journal.IsWhole(Path) ? Sessions[^1].AllImages : Sessions[^1].Images;

    public int Count => _entries.Count;

    /// <summary>Reads the position of each entry. An incomplete last line, as a killed run leaves it, is ignored.</summary>
    public static JournalFile Open(string path)
    {
        var file = new FileInfo(path);
        if (file.LinkTarget is not null)
        {
            throw new UsageException(
                $"the journal '{path}' is a link: give the directory that it leads to, because outputs are expected beside it");
        }
        // A pipe has no length either, and reading it would block.
        if (file is { Exists: true, Length: 0 })
            throw new UsageException($"the journal '{path}' is empty; a run without --resume starts a new one");
        try
        {
            var journal = new JournalFile(
                path, new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
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
            if (some == 0) throw Damaged(place.Number, "it was truncated while it was read");
        }
        return Parse(place.Number, line).Image is { } entry && entry.Record.File == name
            ? entry
            : throw Damaged(place.Number, "it was changed while it was read");
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
        if (_sessions.Count == 0) throw new UsageException($"the journal '{Path}' has no session; a run without --resume starts a new one");
    }

    private JournalLine Parse(int number, byte[] bytes)
    {
        try
        {
            if (number == 1) CheckSchema(bytes);
            JournalLine line = JsonSerializer.Deserialize(bytes, RunJson.Lines.JournalLine) ?? new JournalLine();
            return JournalCheck.FaultOf(line, bytes) is { } fault ? throw Damaged(number, fault) : line;
        }
        catch (JsonException e)
        {
            throw Damaged(number, $"unexpected content at {e.Path ?? "$"} (byte {e.BytePositionInLine})", e);
        }
    }

    // Version 0.1.0 wrote no schema.
    private void CheckSchema(byte[] firstLine)
    {
        using var line = JsonDocument.Parse(firstLine);
        if (line.RootElement.ValueKind != JsonValueKind.Object || !line.RootElement.TryGetProperty("session", out JsonElement session))
            return;
        if (session.ValueKind != JsonValueKind.Object || !session.TryGetProperty("started", out _)) return;
        int schema = session.TryGetProperty("schema", out JsonElement found) && found.TryGetInt32(out int number) ? number : 1;
        if (schema == JsonFacts.Version) return;
        string writer = schema < JsonFacts.Version ? "an older version of lungseg" : "a newer version of lungseg";
        throw new UsageException($"the journal '{Path}' was written by {writer} (schema {schema}, {JsonFacts.Version} expected): "
            + "finish the run with that version, or run without --resume to start a new one");
    }

    private UsageException Damaged(int number, string fault, Exception? inner = null) =>
        new($"line {number} of the journal '{Path}' is damaged: {fault}; a run without --resume starts a new one", inner);

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
            if (line.Length > MaxLineBytes) throw Damaged(number, $"it has more than {MaxLineBytes} bytes");
        }
    }
}

/// <summary>
/// Checks a line of a journal beyond its form, because anybody may have changed it: counts and numbers must be possible, and names must
/// stay in the directory of the run.
/// </summary>
internal static class JournalCheck
{
    /// <summary>What is wrong with a line; null for a valid one.</summary>
    public static string? FaultOf(JournalLine line, byte[] bytes) => line switch
    {
        _ when !HasFiniteNumbers(bytes) => "a number is too large",
        { Session: { } session, Image: null, End: null } => FaultOf(session),
        { Session: null, Image: { } entry, End: null } => FaultOf(entry),
        { Session: null, Image: null, End: not null } => null,
        _ => "one of session, image and end expected",
    };

    /// <summary>Whether a name with '/' stays below the directory that it is relative to.</summary>
    public static bool IsRelative(string name) =>
        name.Length > 0 && !name.Contains('\0') && !Path.IsPathRooted(name)
        && (Path.DirectorySeparatorChar == '/' || !name.AsSpan().ContainsAny('\\', ':'))
        && !name.Split('/').Any(part => part is "" or "..");

    private static string? FaultOf(RunSession session)
    {
        if (!Shard.TryParse(session.Shard, out _)) return $"a shard such as 2/4 expected, '{session.Shard}' found";
        if (session.Images < 0 || session.AllImages < session.Images)
            return $"{session.Images} of {session.AllImages} images is impossible";
        // They are given to the program again.
        string?[] given = [.. session.Inputs ?? [], .. session.Arguments ?? []];
        if (given.Contains(null)) return "an argument is null";
        if (session.Arguments?.FirstOrDefault(argument => IsOutput(argument)) is { } output)
            return $"'{output}' is no option that results depend on";
        KeyValuePair<string, string> empty = session.Settings.Concat(session.Conditions).FirstOrDefault(pair => pair.Value is null);
        return empty.Key is { } name ? $"'{name}' is null" : null;
    }

    // Where results go is for whoever replays to say.
    private static bool IsOutput(string argument) =>
        argument.StartsWith("-o", StringComparison.Ordinal) || argument.StartsWith("--output", StringComparison.Ordinal);

    private static string? FaultOf(JournalEntry entry)
    {
        ImageRecord record = entry.Record;
        if (!IsRelative(record.File))
            return $"'{record.File}' is not the name of an image: a relative path that stays below its folder expected";
        if (entry.Bytes < 0 || record.Width < 0 || record.Height < 0) return "a size is negative";
        if (record.Schema != JsonFacts.Version) return $"schema {JsonFacts.Version} expected, {record.Schema} found";
        if (!record.Failed && record is not { Width: not null, Height: not null, Sha256: not null, Method: not null, Lungs: not null })
            return "the result of an image is incomplete";
        if (((IEnumerable<object?>)[.. record.Flags, .. record.Warnings, .. record.Outputs, .. record.Skipped]).Contains(null))
            return "an element is null";
        if (record.Outputs.FirstOrDefault(output => !IsOutput(output, record.File)) is { } other)
            return $"'{other.Name}' is not the name of an output of '{record.File}' in the format '{other.Format}'";
        if (record.Lungs is { } lungs && !ArePlaces(lungs)) return "the places of its lungs are damaged";
        if (entry.Masks is { } masks && !masks.All(mask => IsMask(mask, record))) return "its masks are damaged";
        bool preview = entry.Thumbnail is not { } small
            || (small is { Width: > 0, Height: > 0 } && small.Outlines.Values.All(path => path is not null));
        return preview ? null : "its preview is damaged";
    }

    // The name of an output follows from the image's name: a journal cannot name another file.
    private static bool IsOutput(OutputFile output, string image)
    {
        string? extension = ResultFormats.All.FirstOrDefault(format => format.Name == output.Format)?.Extension;
        return output is { Bytes: >= 0, Sha256: not null } && extension is not null
            && (output.Name == image + extension || output.Name == OutputNames.Short(image) + extension);
    }

    private static bool IsMask(EncodedLung? mask, ImageRecord image) =>
        mask is { Box: [>= 0, >= 0, >= 0, >= 0], Counts: { } counts, Area: >= 0 } && Enum.IsDefined(mask.Side)
        && image is { Width: not null, Height: not null } && !counts.AsSpan().ContainsAnyExceptInRange('0', 'o');

    private static bool ArePlaces(LungFacts lungs) =>
        lungs.Parts.All(part => part is { BoxPx: [_, _, _, _], CentroidPx: [_, _], Side: "right" or "left" or "joined" })
        && ((SideFacts?[])[lungs.Right, lungs.Left, lungs.Joined])
            .All(side => side is null or { BoxPx: [_, _, _, _], CentroidPx: [_, _], ApexPx: [_, _], BasePx: [_, _] });

    // JSON can write numbers that no double holds.
    private static bool HasFiniteNumbers(byte[] line)
    {
        var reader = new Utf8JsonReader(line);
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.Number && !(reader.TryGetDouble(out double number) && double.IsFinite(number)))
                return false;
        }
        return true;
    }
}
