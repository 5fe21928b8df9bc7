using System.Diagnostics;
using LungSeg.Cli.Journals;
using LungSeg.IO;

namespace LungSeg.Cli.Tests.Runs;

/// <summary>
/// A run over a folder that is killed after its N-th event in the file system (a file is made, written to, renamed or deleted) and then
/// resumed: it ends with the files of a run that nobody disturbed, byte for byte, and leaves nothing else.
/// </summary>
public sealed class KilledRunTests(ITestOutputHelper output) : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_run_that_is_killed_anywhere_and_resumed_is_as_if_it_had_not_been_killed() => KillAt(4, images: 10);

    // By hand: tests/long.sh kill.
    [Fact(Explicit = true)]
    public void A_run_that_is_killed_at_many_points_and_resumed_is_as_if_it_had_not_been_killed() => KillAt(240, images: 30);

    private void KillAt(int points, int images)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "a process is killed by a signal");
        Images.Write(_directory, "in", [.. Enumerable.Range(0, images).Select(i => $"{i % 2}/p{i}.png")]);
        (bool _, int events) = RunAndKill("whole", int.MaxValue);
        Dictionary<string, string> whole = Hashes("whole");
        Assert.Equal((2 * images) + 2, whole.Count);
        Assert.True(events > points, $"{events} events");

        int killed = 0;
        for (int i = 0; i < points; i++)
        {
            // Half of the points are spread over the run, half lie at its end, where the reports are written.
            int half = points / 2, last = Math.Min(half, events / 4);
            int point = i < half ? 1 + (i * events / half) : Math.Max(1, events - ((i - half) * last / half));
            string name = $"killed{i}";
            (bool wasKilled, int seen) = RunAndKill(name, point);
            killed += wasKilled ? 1 : 0;
            Run resumed = Lungseg.Run([.. Arguments(name), "--resume"]);
            string where = $"killed at event {point} of {events} ({seen} seen, {(wasKilled ? "" : "not ")}killed)";
            output.WriteLine(where);
            Assert.True(resumed.Exit == 0, $"{where}: exit {resumed.Exit}: {resumed.Error}");
            Dictionary<string, string> found = Hashes(name);
            Assert.True(
                whole.Count == found.Count && !whole.Except(found).Any(),
                $"{where}: expected {string.Join(' ', whole.Except(found))}, found {string.Join(' ', found.Except(whole))}");
            Directory.Delete(_directory[name], recursive: true);
        }
        output.WriteLine($"{killed} of {points} runs over {images} images were killed before they ended");
        Assert.True(killed >= points / 2);
    }

    /// <summary>Runs until so many events were seen, and kills then. Whether it was killed in time, and the number of events.</summary>
    private (bool Killed, int Events) RunAndKill(string name, int point)
    {
        Directory.CreateDirectory(_directory[name]);
        // The watcher learns of a folder after it was made: what happens in it before is not counted.
        for (int i = 0; i < 2; i++) Directory.CreateDirectory(_directory[$"{name}/{i}"]);
        int events = 0;
        using var watcher = new FileSystemWatcher(_directory[name]) { IncludeSubdirectories = true };
        using Process process = Lungseg.Start(Arguments(name));
        void Count()
        {
            if (Interlocked.Increment(ref events) == point) process.Kill();
        }
        watcher.Created += (_, _) => Count();
        watcher.Changed += (_, _) => Count();
        watcher.Renamed += (_, _) => Count();
        watcher.Deleted += (_, _) => Count();
        watcher.EnableRaisingEvents = true;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode != 0, Volatile.Read(ref events));
    }

    private string[] Arguments(string name) => ["segment", _directory["in"], "-o", _directory[name], "--size", "128"];

    // The journal tells of times; the lock's file stays, and is empty.
    private Dictionary<string, string> Hashes(string folder) => _directory.Files
        .Where(file => file.StartsWith($"{folder}/", StringComparison.Ordinal))
        .Select(file => file[(folder.Length + 1)..])
        .Where(file => file != "journal.jsonl" && file != DirectoryLock.Name)
        .ToDictionary(file => file, file => Sha256.TextOf(File.ReadAllBytes(_directory[$"{folder}/{file}"])));
}
