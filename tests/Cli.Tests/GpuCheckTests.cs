using System.ComponentModel;
using System.Diagnostics;

namespace LungSeg.Cli.Tests;

/// <summary>
/// The scripts of the first hour on a GPU, with a program that stands in for this one: whatever a step does, the others report, and the
/// archives become tables.
/// </summary>
public sealed class GpuCheckTests : IDisposable
{
    // In tf32 it hangs and cannot be asked to stop, verify fails, kernels prints more than an archive may have.
    private const string Program = """
        #!/bin/bash
        case "$*" in
          bench*tf32*) trap '' TERM; while :; do sleep 1; done ;;
          verify*) echo 'fpn differs' >&2; exit 1 ;;
          kernels*) head -c 3000000 /dev/urandom | base64 ;;
          bench*--explain*) echo 'features.0  conv_planar_f32  0.1 ms' ;;
          bench*) p=fp32; [[ "$*" == *fp16* ]] && p=fp16
            net="{\"key\":\"pan\",\"batch\":1,\"kernels_median_ms\":${TIME:-1.5},\"device_total_median_ms\":2}"
            echo "{\"conditions\":{\"device\":\"cuda:0 (Stand-in), $p\"},\"networks\":[$net]}" ;;
          selftest*)
            wrong='{"name":"conv2d","worst_share_of_bound":"Infinity","fault":"element 3 is wrong"}'
            echo "[{\"operations\":[$wrong,{\"name\":\"cat\",\"worst_share_of_bound\":0.5}],\"networks\":[]}]"; exit 1 ;;
          compare*) printf '{\n "pixels": 100,\n "differing_pixels": 0\n}\n' ;;
          segment*) while [ $# -gt 0 ]; do [ "$1" = -o ] && mkdir -p "$2"; shift; done ;;
          tune*) while [ $# -gt 0 ]; do [ "$1" = -o ] && echo '{"device":"Stand-in"}' > "$2"; shift; done ;;
          *) echo "stand-in $*" ;;
        esac
        """;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_step_that_hangs_and_one_that_fails_leave_the_others_and_the_archives_become_tables()
    {
        LargeTest.SkipUnlessWanted();
        string program = Write();
        (int a, string first) = Check("a", program, "--limit", "60", "--archive", "1");
        Assert.Equal(1, a);
        Assert.Matches(@"verify +failed", first);
        Assert.Matches(@"image +ok", first);
        Assert.Matches(@"first-times +ok", first);
        Assert.InRange(new FileInfo(_directory[Path.Combine("out", "gpu-a.tar.gz")]).Length, 1, 1 << 20);

        (int b, string second) = Check("b", program, "--limit", "60", "--with", "bench-fp16:TIME=0.75");
        Assert.Equal(1, b);
        Assert.Matches(@"bench-tf32 +timed out", second);
        Assert.Matches(@"bench-fp16 +ok", second);
        Assert.Matches(@"layers-deeplabv3plus +ok", second);
        Assert.Contains("1 of 6 steps did not hold", second);

        Check("e", program, "--limit", "60", "--precisions", "fp32 fp16");
        (int c, string none) = Check("c", program, "--limit", "3", "--networks", "pan");
        Assert.True(c == 0 || none.Contains("did not hold", StringComparison.Ordinal), none);

        (int report, string tables) = Bash(
            Repository.PathOf("tools", "gpu-report.py"), [.. "abe".Select(call => _directory[Path.Combine("out", $"gpu-{call}.tar.gz")])]);
        Assert.Equal(1, report);
        Assert.Contains("| b: times of all networks | bench-tf32 | timed out | 137 |", tables);
        Assert.Contains("- golden files (`verify --taps all`): failed (exit 1)", tables);
        Assert.Contains("fp32: conv2d: element 3 is wrong", tables);
        Assert.Contains("pixels of the mask that differ from the CPU's: 0 of 100", tables);
        Assert.Contains("| pan | 1 | 1.500 | 2.000 | 0.750 | 2.000 |", tables);
        Assert.Contains("Call a: cut to fit the archive: kernels.out", tables);
        Assert.Contains("Not here: call c (PyTorch beside it), call d (checkers and profilers).", tables);
        // Tuned, fp16 takes the stand-in's usual time again.
        Assert.Contains("| pan | fp16 | 1 | 0.750 | 1.500 | 0.50 |", tables);
    }

    [Fact]
    public void A_call_ends_at_its_limit_and_says_what_is_left_out()
    {
        var clock = Stopwatch.StartNew();
        (int exit, string output) = Check("b", Write(), "--limit", "8", "--precisions", "tf32 fp32", "--scale", "1");
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 30);
        Assert.Equal(1, exit);
        Assert.Matches(@"bench-tf32 +timed out", output);
        Assert.Matches(@"bench-fp32 +left out", output);
    }

    [Theory]
    [InlineData("z", "there is no call 'z'; expected a, b, c, d or e")]
    [InlineData("a", "is not a program")]
    public void Wrong_use_is_one_line(string call, string words)
    {
        (int exit, string output) = Check(call, _directory["nothing"]);
        Assert.Equal(2, exit);
        Assert.Contains(words, output);
    }

    private string Write()
    {
        string program = _directory["stand-in"];
        File.WriteAllText(program, Program.ReplaceLineEndings("\n"));
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return program;
    }

    private (int Exit, string Output) Check(string call, string program, params string[] options) =>
        Bash(Repository.PathOf("tools", "gpu-check.sh"), [call, _directory["out"], "--program", program, "--scale", "0.05", .. options]);

    private static (int Exit, string Output) Bash(string script, params string[] arguments)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the scripts are for Linux");
        try
        {
            var start = new ProcessStartInfo(script, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
            using Process process = Process.Start(start)!;
            Task<string> error = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd() + error.GetAwaiter().GetResult();
            process.WaitForExit();
            Assert.SkipWhen(process.ExitCode == 127, $"{script} needs what is not installed: {output}");
            return (process.ExitCode, output);
        }
        catch (Win32Exception e)
        {
            Assert.Skip($"{script} cannot be run: {e.Message}");
            throw;
        }
    }
}
