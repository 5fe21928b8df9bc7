namespace LungSeg.Models.Tests;

/// <summary>Files that come with the repository.</summary>
internal static class TestData
{
    private static readonly string Root = FindRoot();

    /// <summary>Keys of the nine networks, as theory data.</summary>
    public static TheoryData<string> Networks => [.. Architectures.All.Select(a => a.Key)];

    /// <summary>A file under <c>tests/data</c>.</summary>
    public static string PathOf(params ReadOnlySpan<string> parts) => Path.Combine([Root, "tests", "data", .. parts]);

    /// <summary>A file of the repository.</summary>
    public static string InRepository(params ReadOnlySpan<string> parts) => Path.Combine([Root, .. parts]);

    /// <summary>A file that does not come with the repository but may lie beside it; the test is skipped where it does not.</summary>
    public static string Shared(params ReadOnlySpan<string> parts)
    {
        string path = Path.Combine([Root, "..", "shared", .. parts]);
        Assert.SkipUnless(Path.Exists(path), $"{path} is not there");
        return path;
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? directory = new(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "LungSeg.sln"))) return directory.FullName;
        }
        throw new DirectoryNotFoundException("no LungSeg.sln above the tests");
    }
}
