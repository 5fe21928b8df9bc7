namespace LungSeg.Native.Tests;

/// <summary>A folder of wine's, and the programs for Windows run in it.</summary>
public sealed class Wine : IDisposable
{
    private static readonly string[] Places = ["/usr/bin/wine64", "/usr/lib/wine/wine64"];
    private readonly TemporaryDirectory _prefix = new();
    private bool _isStarted;

    /// <summary>Runs a program that finds the libraries that were built; skips where there is no wine.</summary>
    internal Outcome Run(string program, IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        string? wine = Array.Find(Places, File.Exists);
        Assert.SkipWhen(wine is null, "wine is not installed");
        _isStarted = true;
        string libraries = Path.GetDirectoryName(Built.PathOf("liblungseg.dll"))!;
        Outcome run = Built.Run(wine!, [program, .. arguments],
            [("WINEPREFIX", _prefix.Name), ("WINEDEBUG", "-all"), ("WINEPATH", libraries), ("LC_ALL", "C.UTF-8"), .. environment]);
        // Its own words about a new folder go where the program's go.
        IEnumerable<string> said = run.Error.ReplaceLineEndings("\n").Split('\n').Where(line =>
            !line.StartsWith("wine: ", StringComparison.Ordinal));
        return run with { Output = run.Output.ReplaceLineEndings("\n"), Error = string.Join('\n', said) };
    }

    public void Dispose()
    {
        if (_isStarted) Built.Run(Array.Find(Places, File.Exists)!, ["wineboot", "--kill"], ("WINEPREFIX", _prefix.Name));
        _prefix.Dispose();
    }
}
