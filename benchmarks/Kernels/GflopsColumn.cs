using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace LungSeg.Benchmarks.Kernels;

/// <summary>Twice the layer's multiply-accumulates over its median time; empty for layers that have none.</summary>
internal sealed class GflopsColumn : IColumn
{
    public string Id => nameof(GflopsColumn);

    public string ColumnName => "GFLOP/s";

    public bool AlwaysShow => true;

    public ColumnCategory Category => ColumnCategory.Custom;

    public int PriorityInCategory => 0;

    public bool IsNumeric => true;

    public UnitType UnitType => UnitType.Dimensionless;

    public string Legend => "twice the multiply-accumulates over the median time";

    public bool IsAvailable(Summary summary) => true;

    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase)
    {
        var layer = (KernelCase)benchmarkCase.Parameters[nameof(KernelBenchmarks.Layer)];
        double? nanoseconds = summary[benchmarkCase]?.ResultStatistics?.Median;
        return layer.Graph.Macs == 0 || nanoseconds is null ? "-"
            : (2.0 * layer.Graph.Macs / nanoseconds.Value).ToString("F1", CultureInfo.InvariantCulture);
    }

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) => GetValue(summary, benchmarkCase);
}
