using System.Diagnostics;

namespace LungSeg.Engine.Backends;

/// <summary>Notes when each worker begins and ends each step of one run.</summary>
internal sealed class StepClock(int steps, int workers)
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly long[] _begins = new long[steps * workers];
    private readonly long[] _ends = new long[steps * workers];

    public void Begin(int step, int worker) => _begins[(step * workers) + worker] = Stopwatch.GetTimestamp();

    public void End(int step, int worker) => _ends[(step * workers) + worker] = Stopwatch.GetTimestamp();

    public IReadOnlyList<StepSpan> Spans() =>
    [
        .. Enumerable.Range(0, steps * workers).Select(i => new StepSpan(
            i / workers, i % workers, Stopwatch.GetElapsedTime(_start, _begins[i]), Stopwatch.GetElapsedTime(_start, _ends[i]))),
    ];
}
