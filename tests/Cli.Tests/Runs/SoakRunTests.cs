using System.Diagnostics;
using System.Text.Json.Nodes;
using LungSeg.IO;

namespace LungSeg.Cli.Tests.Runs;

/// <summary>
/// What happens to a run from outside: SIGTERM at any moment, a disk that is read-only when a run resumes, a clock that is set back,
/// memory that is refused.
/// By hand: tests/long.sh soak.
/// </summary>
public sealed class SoakRunTests(ITestOutputHelper log) : IDisposable
{
    private const int Stops = 40, Count = 12;
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact(Explicit = true)]
    public void Stopped_at_any_moment_a_run_can_be_resumed()
    {
        Images.Write(_directory, "in", [.. Enumerable.Range(0, Count).Select(i => $"{i}.png")]);
        var clock = Stopwatch.StartNew();
        Lungseg.Process([.. Segment("whole"), "-q"]).Succeeded();
        TimeSpan whole = clock.Elapsed;
        string[] expected = Hashes("whole");
        int interrupted = 0;
        for (int i = 0; i < Stops; i++)
        {
            string name = $"stopped{i}";
            using (Process run = Lungseg.Start([.. Segment(name), "-q"]))
            {
                Thread.Sleep(whole * i / Stops);
                if (!run.HasExited) Process.Start("kill", ["-TERM", $"{run.Id}"]).WaitForExit();
                run.WaitForExit();
                // Before the program has set its handler, the signal ends it as any other.
                Assert.True(run.ExitCode is 0 or 130 or 143, $"exit {run.ExitCode}");
                interrupted += run.ExitCode == 130 ? 1 : 0;
            }
            Run resumed = Lungseg.Run([.. Segment(name), "-q", "--resume"]);
            Assert.True(resumed.Exit == 0, resumed.Error);
            Assert.Equal(expected, Hashes(name));
        }
        Assert.True(interrupted > 0, "no signal came while images were in progress");
        log.WriteLine($"{Stops} runs stopped by SIGTERM, {interrupted} of them while images were in progress: "
            + "all resumed to the same bytes");
    }

    [Fact(Explicit = true)]
    public void A_read_only_disk_is_one_line()
    {
        string small = _directory["small"];
        Directory.CreateDirectory(small);
        Assert.SkipUnless(Run("mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", small) == 0, "no file system can be mounted");
        try
        {
            Images.Write(_directory, "in", [.. Enumerable.Range(0, Count).Select(i => $"{i}.png")]);
            using (Process run = Lungseg.Start([.. Segment("small"), "-q"]))
            {
                string journal = Path.Combine(small, "journal.jsonl");
                Assert.True(SpinWait.SpinUntil(() => File.Exists(journal) && Lines(journal) >= 3, TimeSpan.FromMinutes(1)));
                Process.Start("kill", ["-TERM", $"{run.Id}"]).WaitForExit();
                run.WaitForExit();
                Assert.Equal(130, run.ExitCode);
            }
            Assert.Equal(0, Run("mount", "-o", "remount,ro", small));
            Lungseg.Run([.. Segment("small"), "-q", "--resume"]).Refused("small");
            Assert.Equal(0, Run("mount", "-o", "remount,rw", small));
            Lungseg.Run([.. Segment("small"), "-q", "--resume"]).Succeeded();
        }
        finally
        {
            Run("umount", small);
        }
    }

    [Fact(Explicit = true)]
    public void A_clock_that_is_set_back_changes_no_result_and_no_time_is_negative()
    {
        Images.Write(_directory, "in", [.. Enumerable.Range(0, Count).Select(i => $"{i}.png")]);
        Lungseg.Process([.. Segment("whole"), "-q"]).Succeeded();
        // Each reading of the wall clock is an hour before the one that went before it.
        File.WriteAllText(_directory["clock.c"], """
            #define _GNU_SOURCE
            #include <dlfcn.h>
            #include <time.h>
            int clock_gettime(clockid_t id, struct timespec *t) {
                static int (*real)(clockid_t, struct timespec *);
                static long hours;
                if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
                int result = real(id, t);
                if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)
                    t->tv_sec -= 3600 * __atomic_fetch_add(&hours, 1, __ATOMIC_RELAXED);
                return result;
            }
            """);
        Assert.SkipUnless(
            Run("cc", "-shared", "-fPIC", "-O1", "-o", _directory["clock.so"], _directory["clock.c"], "-ldl") == 0,
            "there is no C compiler");
        Lungseg.Process([.. Segment("back"), "-q"], environment: ("LD_PRELOAD", _directory["clock.so"])).Succeeded();
        Assert.Equal(Hashes("whole"), Hashes("back"));
        JsonNode[] lines = [.. File.ReadLines(_directory["back/journal.jsonl"]).Select(line => JsonNode.Parse(line)!)];
        DateTime started = lines[0]["session"]!["started"]!.GetValue<DateTime>(), ended = lines[^1]["end"]!["at"]!.GetValue<DateTime>();
        Assert.True(ended < started, "the clock was not set back");
        foreach (JsonNode times in lines.Select(line => line["image"]?["record"]?["milliseconds"]).OfType<JsonNode>())
            Assert.All(times.AsObject(), step => Assert.InRange(step.Value!.GetValue<double>(), 0, 600_000));
        Lungseg.Run([.. Segment("back"), "-q", "--resume"]).Succeeded();
        log.WriteLine($"a clock that ran backwards ({(started - ended).TotalHours:0} hours in one run): {Count} images, the same bytes");
    }

    [Fact(Explicit = true)]
    public void With_too_little_managed_memory_a_run_is_one_line_or_the_same_bytes()
    {
        const int First = 4 << 20, Step = 256 << 10, Limits = 64;
        Lungseg.Process([.. One("whole"), "-q"]).Succeeded();
        int done = Enumerable.Range(0, Limits).Count(i => IsWhole($"limit{i}", ("DOTNET_GCHeapHardLimit", $"{First + (i * Step):X}")));
        Assert.InRange(done, 1, Limits - 1);
        log.WriteLine($"{Limits} limits of managed memory: {done} runs with the same bytes, {Limits - done} refused in one line");
    }

    [Fact(Explicit = true)]
    public void Each_block_of_native_memory_may_be_refused()
    {
        Lungseg.Process([.. One("whole"), "-q"]).Succeeded();
        File.WriteAllText(_directory["refuse.c"], """
            #define _GNU_SOURCE
            #include <dlfcn.h>
            #include <stdlib.h>
            void *aligned_alloc(size_t alignment, size_t size) {
                static void *(*real)(size_t, size_t);
                static long count;
                if (!real) real = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "aligned_alloc");
                const char *refused = getenv("REFUSED_BLOCK");
                return refused && __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED) == atol(refused) ? NULL : real(alignment, size);
            }
            """);
        Assert.SkipUnless(
            Run("cc", "-shared", "-fPIC", "-O1", "-o", _directory["refuse.so"], _directory["refuse.c"], "-ldl") == 0,
            "there is no C compiler");
        int block = 1;
        while (!IsWhole($"block{block}", ("LD_PRELOAD", _directory["refuse.so"]), ("REFUSED_BLOCK", $"{block}"))) block++;
        Assert.True(block > 1, "no block was refused");
        log.WriteLine($"{block - 1} blocks of native memory refused, one in each run: one line each; with none refused the same bytes");
    }

    private string[] One(string name) => ["segment", Repository.Sample, "-o", _directory[name]];

    /// <summary>Whether a run gave all results, the same bytes; else it was refused in one line and left nothing.</summary>
    private bool IsWhole(string name, params (string, string)[] environment)
    {
        Run run = Lungseg.Process([.. One(name), "-q"], environment: environment);
        if (run.Exit == 0)
        {
            Assert.Equal(Hashes("whole"), Hashes(name));
            return true;
        }
        run.Refused("memory");
        Assert.False(Directory.Exists(_directory[name]) && Directory.EnumerateFileSystemEntries(_directory[name]).Any());
        return false;
    }

    private string[] Segment(string name) => ["segment", _directory["in"], "-o", _directory[name], "--size", "128"];

    private static int Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }

    private static int Lines(string file)
    {
        // The program holds it open for writing.
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Count(c => c == '\n');
    }

    private string[] Hashes(string name) =>
    [
        .. Directory.GetFiles(_directory[name], "*", SearchOption.AllDirectories).Select(Path.GetFileName).OfType<string>().Order()
            .Where(file => !file.StartsWith("journal", StringComparison.Ordinal))
            .Select(file => $"{file} {Sha256.TextOf(File.ReadAllBytes(_directory[$"{name}/{file}"]))}"),
    ];
}
