namespace LungSeg.Cli.Tests;

/// <summary>Files that come with the repository.</summary>
internal static class Repository
{
    private static readonly string Root = FindRoot();

    public static string Sample => PathOf("samples", "radiograph.png");

    public static string Pan => PathOf("weights", "pan.safetensors");

    public static string PathOf(params ReadOnlySpan<string> parts) => Path.Combine([Root, .. parts]);

    public static string Golden(string network) => PathOf("tests", "data", "golden", $"{network}.safetensors");

    public static string Checkpoint(string name) => PathOf("tests", "data", "checkpoints", name);

    private static string FindRoot()
    {
        for (DirectoryInfo? directory = new(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "LungSeg.sln"))) return directory.FullName;
        }
        throw new DirectoryNotFoundException("no LungSeg.sln above the tests");
    }
}
