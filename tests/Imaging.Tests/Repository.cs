namespace LungSeg.Imaging.Tests;

/// <summary>Where the test data lies: under the directory that holds LungSeg.sln.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string Data(params string[] parts) => Path.Combine([Root, "tests", "data", "imaging", .. parts]);

    private static string FindRoot()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (File.Exists(Path.Combine(at.FullName, "LungSeg.sln")))
                return at.FullName;
        throw new InvalidOperationException("LungSeg.sln was not found above the tests");
    }
}

/// <summary>A new directory, removed with everything in it.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("lungseg-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
