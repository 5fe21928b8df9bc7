using System.Diagnostics;

namespace LungSeg.Cli.Runs;

/// <summary>How far a run is.</summary>
internal sealed class RunProgress(int total)
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private int _done, _failed;

    public int Total => total;

    public int Done => Volatile.Read(ref _done);

    public int Failed => Volatile.Read(ref _failed);

    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_start);

    /// <summary>Images a second since the start.</summary>
    public double Rate => Done / Math.Max(Elapsed.TotalSeconds, 1e-3);

    public void Add(bool failed)
    {
        if (failed) Interlocked.Increment(ref _failed);
        Interlocked.Increment(ref _done);
    }

    /// <summary>The state in one line.</summary>
    public override string ToString() =>
        $"{Done} of {Total}{(Failed > 0 ? $", {Failed} failed" : "")}, {RateText}{(Done > 0 && Done < Total ? $", {Units.Duration((Total - Done) / Rate)} left" : "")}";

    public string RateText => $"{Units.Fixed(Rate, Rate < 10 ? 2 : 1)} images/s";
}
