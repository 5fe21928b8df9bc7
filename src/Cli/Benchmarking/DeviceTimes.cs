using LungSeg.Engine;

namespace LungSeg.Cli.Benchmarking;

/// <summary>Runs by the clock of the device that they ran on, in milliseconds: copying there, computing, copying back, and all of it, each sorted.</summary>
internal sealed record DeviceTimes(double[] HostToDevice, double[] Kernels, double[] DeviceToHost, double[] Total)
{
    public static DeviceTimes Of(IReadOnlyList<RunTimes> runs) => new(
        Sorted(runs, run => run.HostToDevice), Sorted(runs, run => run.Kernels), Sorted(runs, run => run.DeviceToHost), Sorted(runs, run => run.Total));

    private static double[] Sorted(IEnumerable<RunTimes> runs, Func<RunTimes, double> part) => [.. runs.Select(part).Order()];
}
