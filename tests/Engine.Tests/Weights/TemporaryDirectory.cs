namespace LungSeg.Engine.Tests.Weights;

/// <summary>A directory that goes away with the test.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("lungseg-weights-");

    public string this[string name] => Path.Combine(_directory.FullName, name);

    public string[] Files => Directory.GetFiles(_directory.FullName);

    public void Dispose() => _directory.Delete(recursive: true);
}
