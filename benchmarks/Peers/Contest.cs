using System.Diagnostics;

namespace LungSeg.Benchmarks.Peers;

/// <summary>Times runners in turns, so that the machine's slow and fast minutes hit all of them alike.</summary>
/// <remarks>
/// Turns are blocks of runs with a pause before each. Worker threads of either side go on spinning for a while after a run
/// (ONNX Runtime's second thread was seen to use 40 ms of processor time), which is good for that side's next run and takes
/// a core from the other's. Forbidding the peer to spin would handicap it, so both may spin, and the pause lets the spinning
/// end before the other side starts. The first run of a block of several finds cold caches and sleeping threads and is not
/// counted.
/// </remarks>
internal static class Contest
{
    private const double BlockMilliseconds = 300;
    private const int LongestBlock = 20, FewestRuns = 5;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Runs each for about the given time, warm-up not included.</summary>
    public static Timing[] Run(IReadOnlyList<IRunner> runners, double seconds)
    {
        // Tiered compilation swaps our methods in the background after some 30 calls and 100 ms: give it both.
        int[] blocks = [.. runners.Select(WarmUp)];
        List<double>[] times = [.. runners.Select(_ => new List<double>())];
        double[] spent = new double[runners.Count];
        while (Enumerable.Range(0, runners.Count).Any(i => !Enough(i)))
        {
            for (int i = 0; i < runners.Count; i++)
            {
                if (Enough(i)) continue;
                Thread.Sleep(Pause);
                double[] block = [.. Enumerable.Range(0, blocks[i]).Select(_ => Time(runners[i]))];
                times[i].AddRange(block.Length > 1 ? block[1..] : block);
                spent[i] += block.Sum();
            }
        }
        return [.. times.Select(t => new Timing(t))];

        bool Enough(int i) => spent[i] >= 1e3 * seconds && times[i].Count >= FewestRuns;
    }

    // Returns how many runs make a block.
    private static int WarmUp(IRunner runner)
    {
        long start = Stopwatch.GetTimestamp();
        double best = double.PositiveInfinity;
        for (int i = 0; i < 3 || (i < 30 && Stopwatch.GetElapsedTime(start).TotalSeconds < 1); i++) best = Math.Min(best, Time(runner));
        Thread.Sleep(Pause);
        return Math.Clamp((int)(BlockMilliseconds / best), 1, LongestBlock);
    }

    private static double Time(IRunner runner)
    {
        long start = Stopwatch.GetTimestamp();
        runner.Run();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
}
