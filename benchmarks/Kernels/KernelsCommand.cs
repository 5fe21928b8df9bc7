using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace LungSeg.Benchmarks.Kernels;

/// <summary>Hands the command line to BenchmarkDotNet, which takes <c>--filter</c> and the like.</summary>
internal static class KernelsCommand
{
    public static int Run(string[] args)
    {
        // In this process: BenchmarkDotNet would otherwise write and build a project of its own for every run.
        IConfig config = DefaultConfig.Instance
            .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance))
            .AddColumn(new GflopsColumn())
            .WithSummaryStyle(SummaryStyle.Default.WithMaxParameterColumnWidth(40));
        string[] all = args.Any(arg => arg is "--filter" or "-f" or "--list") ? args : [.. args, "--filter", "*"];
        return BenchmarkSwitcher.FromTypes([typeof(KernelBenchmarks)]).Run(all, config).Any() ? 0 : 1;
    }
}
