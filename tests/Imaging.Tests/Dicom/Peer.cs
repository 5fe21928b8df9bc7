using System.Diagnostics;
using System.Text.Json;

namespace LungSeg.Imaging.Tests.Dicom;

/// <summary>
/// Other people's programs, run on files that this one wrote. A test that needs one that is not installed is skipped by its name.
/// </summary>
internal static class Peer
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Skips the test where one of Debian's programs is absent, such as "dciodvfy" of "dicom3tools".</summary>
    public static void Need(string program, string package) =>
        Assert.SkipUnless(File.Exists($"/usr/bin/{program}"), $"{program} of Debian's {package} is not installed (tests/peers.sh)");

    /// <summary>Skips the test where Debian's Python lacks a module.</summary>
    public static void NeedPython(string module) => Assert.SkipUnless(
        Directory.Exists($"/usr/lib/python3/dist-packages/{module}"), $"Debian's python3-{module} is not installed (tests/peers.sh)");

    /// <summary>Skips the test where the viewers' code or Node is absent.</summary>
    public static void NeedViewers() => Assert.SkipUnless(
        Directory.Exists(Path.Combine(Viewers, "node_modules"))
            && File.Exists("/usr/bin/node"), "the viewers' code is not installed (tests/peers.sh)");

    private static string Viewers { get; } = FindViewers();

    private static string FindViewers()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (Path.Combine(at.FullName, "tests", "Viewers") is var found && Directory.Exists(found))
                return found;
        throw new DirectoryNotFoundException("no tests/Viewers above the tests");
    }

    /// <summary>Runs one of Debian's programs; all that it says, whatever it exits with.</summary>
    public static (int Exit, string Said) Run(string program, params string[] arguments)
    {
        ProcessStartInfo start = new($"/usr/bin/{program}", arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        Assert.True(process.WaitForExit(Patience), $"{program} did not end");
        return (process.ExitCode, output.Result + error.Result);
    }

    /// <summary>Runs lines of Python; what they print.</summary>
    public static string Python(string lines, params string[] arguments)
    {
        (int exit, string said) = Run("python3", ["-W", "ignore", "-c", lines, .. arguments]);
        Assert.True(exit == 0, said);
        return said.Trim();
    }

    /// <summary>What one of the scripts of tests/Viewers says as it fails.</summary>
    public static string ViewerFault(string script, params string[] arguments)
    {
        (int exit, string said) = Run("node", [Path.Combine(Viewers, script), .. arguments]);
        Assert.NotEqual(0, exit);
        return said;
    }

    /// <summary>Runs one of the scripts of tests/Viewers; the JSON on its last line.</summary>
    public static JsonElement Viewer(string script, params string[] arguments)
    {
        (int exit, string said) = Run("node", [Path.Combine(Viewers, script), .. arguments]);
        Assert.True(exit == 0, said);
        return JsonDocument.Parse(said.TrimEnd().Split('\n')[^1]).RootElement;
    }
}
