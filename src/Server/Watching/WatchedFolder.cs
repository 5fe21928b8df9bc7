using System.Text.Json;
using System.Text.Json.Serialization;
using LungSeg.IO;
using LungSeg.Server.Spooling;

namespace LungSeg.Server.Watching;

/// <summary>What becomes of a file that was accepted.</summary>
internal enum Sources
{
    /// <summary>It goes to <c>done/</c> in the folder.</summary>
    Move,

    /// <summary>It stays, and is not taken again until it changes.</summary>
    Leave,

    /// <summary>It is deleted.</summary>
    Delete,
}

/// <summary>A file as it was seen.</summary>
internal sealed record SeenFile(string Name, long Length, DateTime Modified);

/// <summary>
/// A folder whose images are segmented as they come. A file is taken when its size and time have been the same for a while; names of files
/// that are being written are passed over. What cannot be segmented is put into <c>failed/</c> with the reason beside it. The system's
/// notices make this quick; a sweep every few seconds finds what they miss, as they do on network shares.
/// </summary>
internal sealed class WatchedFolder : IDisposable
{
    private const string Done = "done", Failed = "failed";
    private static readonly string[] Unfinished = [".partial", ".part", ".tmp", ".filepart", ".crdownload", ".new"];
    private readonly string _directory;
    private readonly Sources _sources;
    private readonly Spool _spool;
    private readonly TimeSpan _settle, _sweep;
    private readonly Log _log;
    private readonly string _ledger;
    private readonly Dictionary<string, SeenFile> _taken = [];
    private readonly Dictionary<string, (SeenFile File, DateTime Since)> _settling = [];
    private readonly SemaphoreSlim _wake = new(0);
    private readonly CancellationTokenSource _stop = new();
    private readonly FileSystemWatcher? _notices;
    private readonly Task _running;

    /// <param name="directory">The folder.</param>
    /// <param name="sources">What becomes of its files.</param>
    /// <param name="spool">Where images go.</param>
    /// <param name="settle">How long a file must not change.</param>
    /// <param name="sweep">How often all of the folder is looked at.</param>
    /// <param name="notices">Whether the system is asked for notices.</param>
    /// <param name="log">Told of what went wrong.</param>
    public WatchedFolder(string directory, Sources sources, Spool spool, TimeSpan settle, TimeSpan sweep, bool notices, Log log)
    {
        (_directory, _sources, _spool, _settle, _sweep, _log) = (Path.GetFullPath(directory), sources, spool, settle, sweep, log);
        _ledger = Path.Combine(spool.Directory, "watched.jsonl");
        ReadLedger();
        if (notices)
        {
            _notices = new FileSystemWatcher(_directory) { IncludeSubdirectories = true };
            _notices.Created += Notice;
            _notices.Changed += Notice;
            _notices.Renamed += Notice;
            // A share may send none; the sweep finds what comes.
            _notices.Error += (_, e) => _log.Warn($"the watched folder's notices failed: {e.GetException().Message}");
            _notices.EnableRaisingEvents = true;
        }
        _running = Task.Run(RunAsync);
    }

    /// <summary>Puts an image that was given up aside, with the reason beside it.</summary>
    public void PutAside(Item item)
    {
        if (item.Acceptance.Door != Door.Watch || !File.Exists(item.Input)) return;
        try
        {
            string target = Path.Combine(_directory, Failed, item.Acceptance.Name.Replace('/', Path.DirectorySeparatorChar));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            AtomicFile.Copy(item.Input, target);
            AtomicFile.Write($"{target}.reason.txt", $"{item.Error}\n");
        }
        catch (Exception e) when (e is FileException or IOException or UnauthorizedAccessException)
        {
            _log.Warn($"item {item.Id}: cannot be put into {Failed}/: {e.GetType().Name}");
        }
    }

    /// <summary>Looks at no more files, when the one in hand is taken.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        _notices?.Dispose();
        await _running.ConfigureAwait(false);
    }

    public void Dispose()
    {
        _stop.Dispose();
        _wake.Dispose();
        _notices?.Dispose();
    }

    private void Notice(object sender, FileSystemEventArgs e)
    {
        if (_wake.CurrentCount == 0) _wake.Release();
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                Look();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // A share that is away for a while.
                _log.Warn($"the watched folder cannot be read: {e.GetType().Name}");
            }
            try
            {
                // What is settling is looked at when it should have settled.
                TimeSpan wait = _settling.Count > 0 && _settle < _sweep ? _settle : _sweep;
                if (await _wake.WaitAsync(wait, _stop.Token).ConfigureAwait(false))
                    await Task.Delay(TimeSpan.FromMilliseconds(50), _stop.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private void Look()
    {
        var there = new HashSet<string>();
        foreach (FileInfo file in Files())
        {
            string name = Path.GetRelativePath(_directory, file.FullName).Replace(Path.DirectorySeparatorChar, '/');
            there.Add(name);
            var seen = new SeenFile(name, file.Length, file.LastWriteTimeUtc);
            if (_taken.GetValueOrDefault(name) == seen) continue;
            if (!_settling.TryGetValue(name, out (SeenFile File, DateTime Since) before) || before.File != seen)
            {
                _settling[name] = (seen, DateTime.UtcNow);
                continue;
            }
            if (DateTime.UtcNow - before.Since < _settle || _stop.IsCancellationRequested) continue;
            if (Take(file, seen)) _settling.Remove(name);
        }
        foreach (string gone in _settling.Keys.Except(there).ToArray()) _settling.Remove(gone);
    }

    private IEnumerable<FileInfo> Files()
    {
        var options = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            AttributesToSkip = FileAttributes.ReparsePoint | FileAttributes.Hidden,
            IgnoreInaccessible = true,
        };
        return new DirectoryInfo(_directory).EnumerateFiles("*", options).Where(file =>
        {
            string first = Path.GetRelativePath(_directory, file.FullName).Split(Path.DirectorySeparatorChar)[0];
            return file.Length > 0 && !(first is Done or Failed && file.DirectoryName != _directory)
                && !Unfinished.Any(end => file.Name.EndsWith(end, StringComparison.OrdinalIgnoreCase));
        });
    }

    private bool Take(FileInfo file, SeenFile seen)
    {
        try
        {
            using (Incoming incoming = _spool.Begin())
            {
                Copy(file, incoming);
                file.Refresh();
                // It changed while it was read.
                if (!file.Exists || file.Length != seen.Length || file.LastWriteTimeUtc != seen.Modified || incoming.Length != seen.Length)
                    return false;
                ObjectHead? head = Spool.Head(incoming);
                _spool.Accept(incoming, sha256 =>
                    new Acceptance { Time = DateTime.UtcNow, Door = Door.Watch, Name = seen.Name, Sha256 = sha256, Dicom = head });
            }
            Finish(file, seen);
            return true;
        }
        catch (Exception e) when (e is SpoolFullException or TooLargeException or IOException or UnauthorizedAccessException)
        {
            _log.Warn($"a file of the watched folder cannot be taken for now: {(e is LungSegException ? e.Message : e.GetType().Name)}");
            if (e is TooLargeException) Remember(seen);
            return false;
        }
    }

    private void Finish(FileInfo file, SeenFile seen)
    {
        if (_sources == Sources.Leave)
        {
            Remember(seen);
            return;
        }
        try
        {
            if (_sources == Sources.Delete)
            {
                file.Delete();
                return;
            }
            string target = Path.Combine(_directory, Done, seen.Name.Replace('/', Path.DirectorySeparatorChar));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            file.MoveTo(target, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _log.Warn($"a file of the watched folder was accepted and cannot be taken away: {e.GetType().Name}");
            Remember(seen);
        }
    }

    private static void Copy(FileInfo file, Incoming incoming)
    {
        using FileStream source = new(file.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1);
        byte[] buffer = new byte[1 << 17];
        for (int read; (read = source.Read(buffer)) > 0;) incoming.Write(buffer.AsSpan(0, read));
    }

    private void Remember(SeenFile seen)
    {
        _taken[seen.Name] = seen;
        using FileStream stream = new(_ledger, FileMode.Append, FileAccess.Write);
        stream.Write([.. JsonSerializer.SerializeToUtf8Bytes(seen, WatchJson.Default.SeenFile), (byte)'\n']);
        stream.Flush(flushToDisk: true);
    }

    // Files that have gone since are forgotten, so that the ledger does not grow for ever.
    private void ReadLedger()
    {
        if (!File.Exists(_ledger)) return;
        foreach (string line in File.ReadLines(_ledger))
        {
            try
            {
                if (JsonSerializer.Deserialize(line, WatchJson.Default.SeenFile) is { } seen
                    && File.Exists(Path.Combine(_directory, seen.Name)))
                {
                    _taken[seen.Name] = seen;
                }
            }
            catch (JsonException)
            {
                // A line that a crash cut short.
            }
        }
        AtomicFile.Write(_ledger,
            string.Concat(_taken.Values.Select(seen => $"{JsonSerializer.Serialize(seen, WatchJson.Default.SeenFile)}\n")));
    }
}

[JsonSerializable(typeof(SeenFile))]
internal sealed partial class WatchJson : JsonSerializerContext;
