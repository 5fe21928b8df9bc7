using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace LungSeg.Cli.Tests.Runs;

/// <summary>--memory: a limit is refused before anything is loaded, or it holds.</summary>
public sealed partial class MemoryCeilingTests(ITestOutputHelper log) : IDisposable
{
    private const string Groups = "/sys/fs/cgroup/memory";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(20);
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void What_does_not_suffice_is_refused_with_the_least_that_would()
    {
        string[] segment = ["segment", Repository.Sample, "-o", _directory["out"]];
        Lungseg.Run([.. segment, "--memory", "64M"]).Refused("--memory 64M", "PAN at 512 x 512", "the least is --memory ");
        Lungseg.Run([.. segment, "--memory", "64M", "--size", "1024"]).Refused("PAN at 1024 x 1024");
        Lungseg.Run("bench", "unet", "--memory", "64M", "--batch", "4").Refused("U-Net with a batch of 4", "the least is --memory ");
        Lungseg.Run([.. segment, "--memory", "2G", "--device", "reference"]).Refused("--device cpu");
        Assert.False(Directory.Exists(_directory["out"]));
        foreach (string wrong in (string[])["64", "0M", "-1M", "M", "1.5G", "99999999999G"])
            Lungseg.Run([.. segment, "--memory", wrong]).Refused("such as 256M or 2G", $"'{wrong}'");
    }

    [Fact]
    public void The_least_that_is_named_holds()
    {
        Images.Write(_directory, "in", [.. Enumerable.Range(0, 8).Select(i => $"{i}.png")]);
        AssertHeld(Least(_directory["in"]), _directory["in"]);
    }

    // By hand: tests/long.sh memory.
    [Fact(Explicit = true)]
    public void Limits_hold_over_100_images()
    {
        Directory.CreateDirectory(_directory["in"]);
        for (int i = 0; i < 100; i++) File.Copy(Repository.Sample, _directory[$"in/{i}.png"]);
        foreach (int limit in (int[])[Least(_directory["in"]), 256, 320, 512]) AssertHeld(limit, _directory["in"]);
    }

    // By hand: tests/long.sh memory.
    [Fact(Explicit = true)]
    public void The_limit_holds_in_a_control_group_that_ends_what_takes_more()
    {
        string group = Path.Combine(Groups, $"lungseg-{Environment.ProcessId}");
        try
        {
            Directory.CreateDirectory(group);
            File.WriteAllText(Path.Combine(group, "memory.limit_in_bytes"), "256M");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Assert.Skip($"no control group for memory can be made here: {e.Message}");
        }
        try
        {
            Directory.CreateDirectory(_directory["in"]);
            for (int i = 0; i < 100; i++) File.Copy(Repository.Sample, _directory[$"in/{i}.png"]);
            string program = Path.Combine(AppContext.BaseDirectory, "lungseg.dll");
            string script = $"echo $$ > {group}/cgroup.procs && exec dotnet exec '{program}' segment '{_directory["in"]}' "
                + $"-o '{_directory["out"]}' --quiet --memory 256M";
            using Process process = Process.Start("/bin/sh", ["-c", script]);
            Assert.True(process.WaitForExit(Patience));
            Assert.Equal(0, process.ExitCode);
            Assert.Equal(100, Directory.GetFiles(_directory["out"], "*.mask.png").Length);
            string most = File.ReadAllText(Path.Combine(group, "memory.max_usage_in_bytes")).Trim();
            log.WriteLine($"100 images in a control group of 256 MiB, file cache included: at most {most} bytes");
        }
        finally
        {
            Directory.Delete(group);
        }
    }

    // What a run over a folder asks for at least, in MiB.
    private int Least(string images)
    {
        Run refused = Lungseg.Process(["segment", images, "-o", _directory["out"], "--memory", "1M"]);
        refused.Refused("the least is --memory ");
        return int.Parse(Number().Match(refused.Error).Groups[1].Value, CultureInfo.InvariantCulture);
    }

    private void AssertHeld(int limit, string images)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the peak of memory is read from Linux");
        string results = _directory[$"out {limit}"];
        using Process process = Lungseg.Start(["segment", images, "-o", results, "--quiet", "--memory", $"{limit}M"]);
        long peak = 0;
        var clock = Stopwatch.StartNew();
        while (!process.WaitForExit(TimeSpan.FromMilliseconds(5)) && clock.Elapsed < Patience) peak = Math.Max(peak, Peak(process.Id));
        Assert.True(process.HasExited && process.ExitCode == 0, process.StandardError.ReadToEnd());
        int count = Directory.GetFiles(images).Length;
        double rate = count / clock.Elapsed.TotalSeconds;
        log.WriteLine($"{count} images with --memory {limit}M: at most {peak >> 20} MiB, {rate:0.0} images/s");
        Assert.Equal(count, Directory.GetFiles(results, "*.mask.png").Length);
        Assert.InRange(peak, 1, (long)limit << 20);
    }

    // The peak only grows: the last reading before the end is within the last milliseconds' growth.
    private static long Peak(int process)
    {
        try
        {
            Match match = HighWater().Match(File.ReadAllText($"/proc/{process}/status"));
            return match.Success ? long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) * 1024 : 0;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    [GeneratedRegex(@"--memory (\d+)M\W*$")]
    private static partial Regex Number();

    [GeneratedRegex(@"VmHWM:\s+(\d+) kB")]
    private static partial Regex HighWater();
}
