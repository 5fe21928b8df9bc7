using LungSeg.IO;

namespace LungSeg.Server.Rules;

/// <summary>The rules in force: those of a file are taken up when it changes, and kept as they were while it cannot be read.</summary>
internal sealed class LiveRules(Func<RuleSet> read, string? path, Log log)
{
    private (DateTime, long) _seen = Stamp(path);

    public RuleSet Current { get; private set; } = read();

    /// <summary>Reads the file again where it changed; called every few seconds.</summary>
    public void Refresh()
    {
        if (path is null || Stamp(path) is var stamp && stamp == _seen) return;
        _seen = Stamp(path);
        try
        {
            Current = read();
            log.Info($"rules taken up: {Current.Count} rules, {Current.Destinations.Count} destinations");
        }
        catch (LungSegException e)
        {
            log.Error($"the changed rules are not taken up, those before stay in force: {e.Message}");
        }
    }

    private static (DateTime, long) Stamp(string? path) =>
        path is not null && new FileInfo(path) is { Exists: true } file ? (file.LastWriteTimeUtc, file.Length) : default;
}
