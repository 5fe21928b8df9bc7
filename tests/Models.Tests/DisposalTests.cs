using System.Diagnostics;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Imaging;

namespace LungSeg.Models.Tests;

/// <summary>A segmenter is disposed while threads use it.</summary>
public sealed class DisposalTests
{
    private const int Threads = 16, EverydayRounds = 50, Side = 128;

    // tests/long.sh disposal sets more.
    private static readonly int Rounds =
        int.TryParse(Environment.GetEnvironmentVariable("LUNGSEG_DISPOSAL_ROUNDS"), out int rounds) ? rounds : EverydayRounds;

    private static readonly Radiograph Image = new(Side, Side, 1, 8, [.. Enumerable.Range(0, Side * Side).Select(i => (ushort)(i % 251))]);

    [Fact]
    public void A_segmenter_that_was_disposed_refuses_the_next_call()
    {
        LungSegmenter segmenter = LungSegmenter.Load(new LungSegmenterOptions { NetworkSize = Side });
        segmenter.Dispose();
        segmenter.Dispose();
        Assert.Throws<ObjectDisposedException>(() => segmenter.Segment(Image));
        Assert.Throws<ObjectDisposedException>(() => segmenter.Segment(TestData.InRepository("samples", "radiograph.png")));
    }

    // A freed network's memory that is used nevertheless ends the process, or spoils its heap: it has a process of its own.
    [Fact]
    public async Task Sixteen_threads_segment_while_others_dispose_and_load()
    {
        string program = Path.Combine(AppContext.BaseDirectory, $"LungSeg.Models.Tests{(OperatingSystem.IsWindows() ? ".exe" : "")}");
        var start = new ProcessStartInfo(program,
            ["-explicit", "only", "-method", $"*{nameof(Rounds_of_disposing_and_loading)}", "-noLogo", "-noColor"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        string errors = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"exit code {process.ExitCode}: {await output}{errors}");
        Assert.Contains("Total: 1, Errors: 0, Failed: 0", await output);
    }

    [Fact(Explicit = true)]
    public void Rounds_of_disposing_and_loading()
    {
        using LungSegmenter reference = Load(null);
        float[] expected = reference.Segment(Image).Probabilities.Values.ToArray();
        CpuBackend? backend = new(2);
        LungSegmenter current = Load(backend);
        int segmented = 0, refused = 0, wrong = 0;
        bool done = false;
        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(_ => new Thread(() =>
        {
            while (!Volatile.Read(ref done))
            {
                try
                {
                    bool same = Volatile.Read(ref current).Segment(Image).Probabilities.Values.SequenceEqual(expected);
                    Interlocked.Increment(ref segmented);
                    if (!same) Interlocked.Increment(ref wrong);
                }
                catch (ObjectDisposedException)
                {
                    Interlocked.Increment(ref refused);
                    Thread.Yield();
                }
            }
        }))];
        foreach (Thread thread in threads) thread.Start();
        for (int round = 0; round < Rounds; round++)
        {
            // Whose the backend is, and who goes first, in turns.
            CpuBackend? next = (round % 3) switch { 0 => new CpuBackend(1), 1 => new CpuBackend(2), _ => null };
            LungSegmenter old = Interlocked.Exchange(ref current, Load(next));
            Action[] disposals = backend is null ? [old.Dispose] : round % 2 == 0 ? [old.Dispose, backend.Dispose]
                : [backend.Dispose, old.Dispose];
            Parallel.Invoke(disposals);
            backend = next;
        }
        Volatile.Write(ref done, true);
        foreach (Thread thread in threads) thread.Join();
        current.Dispose();
        backend?.Dispose();
        Assert.Equal(0, wrong);
        Assert.True(segmented > Rounds && refused > 0, $"{segmented} segmented, {refused} refused: they did not meet");
    }

    private static LungSegmenter Load(CpuBackend? backend) =>
        LungSegmenter.Load(new LungSegmenterOptions { NetworkSize = Side, Backend = backend, Plans = 2 });
}
