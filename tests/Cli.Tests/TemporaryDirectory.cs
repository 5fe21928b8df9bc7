namespace LungSeg.Cli.Tests;

/// <summary>A directory that goes away with the test.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("lungseg-cli-");

    public string Name => _directory.FullName;

    public string this[string name] => Path.Combine(Name, name);

    public string[] Files =>
    [
        .. Directory.EnumerateFiles(Name, "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Name, file))
            .Order(StringComparer.Ordinal),
    ];

    public string Write(string name, byte[] bytes)
    {
        File.WriteAllBytes(this[name], bytes);
        return this[name];
    }

    public void Dispose() => _directory.Delete(recursive: true);
}
