using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using LungSeg.Cli.Tests;

namespace LungSeg.Server.Tests;

/// <summary>The service as a process of its own, which can be killed.</summary>
internal sealed partial class ServerProcess : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _events = new(), _audit = new();

    private ServerProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, e) => Add(_audit, e.Data);
        process.ErrorDataReceived += (_, e) => Add(_events, e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "lungseg-server.dll");

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public string Events => Read(_events);

    public string Audit => Read(_audit);

    public int HttpPort => int.Parse(HttpAddress().Match(Events).Groups[1].Value);

    public int DicomPort => int.Parse(DicomAddress().Match(Events).Groups[1].Value);

    public static ServerProcess Start(TemporaryDirectory directory, params string[] arguments) =>
        new(Process.Start(new ProcessStartInfo("dotnet",
    [
        "exec", Program, "--http", "127.0.0.1:0", "--spool", directory["spool"], .. arguments.Contains("--dicom") ? []
            : (string[])["--dicom", "127.0.0.1:0"],
        .. arguments.Length > 0 ? arguments : ["--out", directory["out"], "--format", "mask,seg"],
    ])
        { RedirectStandardOutput = true, RedirectStandardError = true })!);

    public Task UntilListening() =>
        TestService.Until(() => Events.Contains("listens", StringComparison.Ordinal) || HasExited, "the service listens");

    /// <summary>SIGKILL.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>SIGTERM; the exit code.</summary>
    public int Terminate()
    {
        using (Process kill = Process.Start("kill", ["-TERM", $"{Id}"])) kill.WaitForExit();
        Assert.True(_process.WaitForExit(TimeSpan.FromSeconds(60)), "the service did not end");
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited) Kill();
        _process.Dispose();
    }

    private static void Add(StringBuilder text, string? line)
    {
        lock (text) text.AppendLine(line);
    }

    private static string Read(StringBuilder text)
    {
        lock (text) return text.ToString();
    }

    [GeneratedRegex(@"http://127\.0\.0\.1:(\d+)/")]
    private static partial Regex HttpAddress();

    [GeneratedRegex(@"port (\d+)")]
    private static partial Regex DicomAddress();
}
