using System.Diagnostics;
using System.Text.Json;
using LungSeg.Cli.Commands;

namespace LungSeg.Cli.Tests;

/// <summary>What a run of the program left behind.</summary>
internal sealed record Run(int Exit, string Output, string Error)
{
    public JsonElement Json => JsonDocument.Parse(Output).RootElement;

    public Run Succeeded()
    {
        Assert.True(Exit == 0, $"exit {Exit}: {Error}{Output}");
        Assert.Equal("", Error);
        return this;
    }

    /// <summary>Bad input: exit 2, nothing on the output, one line on the error stream that holds all of the words.</summary>
    public void Refused(params ReadOnlySpan<string> words)
    {
        Assert.True(Exit == 2, $"exit {Exit}: {Error}{Output}");
        Assert.Equal("", Output);
        Assert.StartsWith("lungseg: ", Error);
        Assert.Equal(Error.Length - Environment.NewLine.Length, Error.IndexOf(Environment.NewLine, StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", Error);
        foreach (string word in words) Assert.Contains(word, Error);
    }
}

/// <summary>Runs the program: in this process, which is fast, or as a user's shell does.</summary>
internal static class Lungseg
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static Run Run(params string[] args)
    {
        var output = new StringWriter();
        var error = new StringWriter();
        int exit = CommandLine.Run(args, Root.Create, output, error);
        return new Run(exit, output.ToString(), error.ToString());
    }

    public static Run Process(
        string[] args, string? weightsFolder = null, string? workingDirectory = null, params (string Name, string Value)[] environment)
    {
        using Process process = Start(args, weightsFolder, workingDirectory, environment);
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        Assert.True(process.WaitForExit(Patience), $"lungseg {string.Join(' ', args)} did not end");
        return new Run(process.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult());
    }

    /// <summary>Runs the program by a shell, with what only a shell can do to its streams.</summary>
    public static Run Shell(string arguments)
    {
        var start = new ProcessStartInfo(
            "/bin/sh", ["-c", $"dotnet exec '{Path.Combine(AppContext.BaseDirectory, "lungseg.dll")}' {arguments}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = System.Diagnostics.Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        Assert.True(process.WaitForExit(Patience), $"lungseg {arguments} did not end");
        return new Run(process.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult());
    }

    public static Process Start(
        string[] args, string? weightsFolder = null, string? workingDirectory = null, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "lungseg.dll"), .. args])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = workingDirectory ?? "",
        };
        if (weightsFolder is not null) start.Environment["LUNGSEG_WEIGHTS"] = weightsFolder;
        foreach ((string name, string value) in environment) start.Environment[name] = value;
        return System.Diagnostics.Process.Start(start)!;
    }

    /// <summary>
    /// Does to a program what Ctrl-C does. Skips the test, and ends the program, where it would ignore that, as one does that a script
    /// started in the background.
    /// </summary>
    public static void Interrupt(Process process)
    {
        const string Ignored = "SigIgn:";
        string status = $"/proc/{process.Id}/status";
        string[] lines = File.Exists(status) ? File.ReadAllLines(status) : [];
        string? line = Array.Find(lines, line => line.StartsWith(Ignored, StringComparison.Ordinal));
        // The mask's second bit is signal 2, SIGINT.
        bool isIgnored = line is not null && (Convert.ToUInt64(line[Ignored.Length..].Trim(), 16) & 2) != 0;
        if (isIgnored || OperatingSystem.IsWindows()) process.Kill();
        Assert.SkipWhen(OperatingSystem.IsWindows(), "signals are a Unix way");
        Assert.SkipWhen(isIgnored, "this process was started with SIGINT ignored, in the background of a script");
        using Process kill = System.Diagnostics.Process.Start("kill", ["-INT", $"{process.Id}"]);
        kill.WaitForExit();
    }
}
