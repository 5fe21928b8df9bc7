namespace LungSeg.IO.Tests;

/// <summary>A new directory, removed with everything in it.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("lungseg-io-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public string[] Files => Directory.GetFiles(Path);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
