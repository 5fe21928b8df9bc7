using System.Diagnostics;

namespace LungSeg.Cli.Tests;

public sealed class CompletionTests : IDisposable
{
    private const string Bash = "/bin/bash";

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("", "compare", "completion")]
    [InlineData("comp", "compare", "completion")]
    [InlineData("weights ", "add", "list", "verify")]
    [InlineData("segment --thr", "--threads", "--threshold")]
    [InlineData("segment x.png --network un", "unet", "unetplusplus")]
    [InlineData("segment x.png --network=un", "unet", "unetplusplus")]
    [InlineData("segment --mode ", "native", "study")]
    [InlineData("bench deep", "deeplabv3", "deeplabv3plus")]
    [InlineData("completion ", "bash", "zsh", "fish", "powershell")]
    [InlineData("segment ")]
    [InlineData("segment x.p")]
    [InlineData("--network=")]
    [InlineData("nonsense ")]
    public void What_could_stand_at_the_cursor_is_listed(string typed, params string[] expected)
    {
        string[] words = [.. Lungseg.Run("[complete]", typed).Succeeded().Output
            .Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split('\t')[0])];
        foreach (string word in expected) Assert.Contains(word, words);
        string last = typed.Split(' ', '=')[^1];
        Assert.All(words, word => Assert.StartsWith(last, word));
        if (expected.Length == 0) Assert.Empty(words);
    }

    [Theory]
    [InlineData("lungseg comp", "compare completion")]
    [InlineData("lungseg segment --network un", "unet unetplusplus")]
    [InlineData("lungseg segment ", "")]
    public void Bash_completes_what_was_typed(string typed, string expected)
    {
        Assert.SkipUnless(File.Exists(Bash), "there is no bash");
        if (OperatingSystem.IsWindows()) return;
        string program = _directory["lungseg"];
        File.WriteAllText(program, $"#!/bin/sh\nexec dotnet exec '{Path.Combine(AppContext.BaseDirectory, "lungseg.dll")}' \"$@\"\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);
        File.WriteAllText(_directory["script"], Lungseg.Run("completion", "bash").Succeeded().Output);
        // What readline sets before it calls a completion function.
        string script = $"""
            source '{_directory["script"]}'
            COMP_LINE='{typed}'; COMP_POINT={typed.Length}; COMP_WORDS=({typed} {(typed.EndsWith(' ') ? "''" : "")})
            COMP_CWORD=$(({"${#COMP_WORDS[@]}"} - 1))
            _lungseg
            echo "{"${COMPREPLY[*]}"}"
            complete -p lungseg
            """;
        var start = new ProcessStartInfo(Bash, ["-c", script]) { RedirectStandardOutput = true };
        start.Environment["PATH"] = $"{_directory.Name}:{Environment.GetEnvironmentVariable("PATH")}";
        using Process bash = Process.Start(start)!;
        string[] lines = bash.StandardOutput.ReadToEnd().Split('\n');
        Assert.Equal(expected, lines[0]);
        Assert.Contains("-F _lungseg lungseg", lines[1]);
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    public void Each_shell_finds_no_fault_in_its_script(string shell)
    {
        File.WriteAllText(_directory["script"], Lungseg.Run("completion", shell).Succeeded().Output);
        Process? process = null;
        try
        {
            process = Process.Start(new ProcessStartInfo(shell, ["-n", _directory["script"]]) { RedirectStandardError = true });
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip($"there is no {shell}");
        }
        using (process!)
        {
            Assert.Equal("", process!.StandardError.ReadToEnd());
            process.WaitForExit();
            Assert.Equal(0, process.ExitCode);
        }
    }
}
