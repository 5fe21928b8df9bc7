using LungSeg.Engine;

namespace LungSeg.Cli.Profiling;

/// <summary>What the spans of a run say of each step.</summary>
internal static class StepTimes
{
    /// <summary>Milliseconds of each step, from the last worker's end of the step before to its own.</summary>
    public static double[] Of(IReadOnlyList<StepSpan> spans, int steps)
    {
        double[] times = new double[steps];
        double before = spans.Count > 0 ? spans.Min(span => span.Begin).TotalMilliseconds : 0;
        foreach (IGrouping<int, StepSpan> step in spans.GroupBy(span => span.Step))
        {
            double end = step.Max(span => span.End).TotalMilliseconds;
            times[step.Key] = end - before;
            before = end;
        }
        return times;
    }

    /// <summary>The share of each step's time that workers waited in it for others, on average.</summary>
    public static double[] Waiting(IReadOnlyList<StepSpan> spans, double[] times)
    {
        double[] busy = new double[times.Length];
        int workers = spans.Count / Math.Max(1, times.Length);
        foreach (StepSpan span in spans) busy[span.Step] += (span.End - span.Begin).TotalMilliseconds / workers;
        return [.. times.Zip(busy, (time, work) => time > 0 ? Math.Max(0, 1 - (work / time)) : 0)];
    }
}
