using System.Text.Json;

namespace LungSeg.Cli.Tests;

public sealed class ProfileCommandTests
{
    [Fact]
    public void Each_step_has_its_kernel_its_time_and_its_work()
    {
        using var directory = new TemporaryDirectory();
        string trace = directory["trace.json"];
        JsonElement profile = Lungseg.Run("profile", "pan", "--runs", "3", "--threads", "2", "--json", "--trace", trace).Succeeded().Json;

        JsonElement[] steps = [.. profile.GetProperty("steps").EnumerateArray()];
        Assert.InRange(steps.Sum(step => step.GetProperty("macs").GetInt64()), 3_765_000_000, 3_775_000_000);
        // Their sum depends on what else the machine does.
        double whole = profile.GetProperty("median_ms").GetDouble();
        Assert.True(whole > 0);
        Assert.All(steps, step =>
            Assert.Equal(step.GetProperty("ms").GetDouble() / whole, step.GetProperty("share").GetDouble(), 1e-9));
        Assert.Contains(steps, step => step.GetProperty("path").GetString() == "segmentation_head.1");
        Assert.All(steps, step => Assert.NotEmpty(step.GetProperty("kernel").GetString()!));
        Assert.True(profile.GetProperty("roofline_gflops").GetDouble() > 0);
        // No memory is slower; that of laying out a planar input is.
        Assert.True(profile.GetProperty("roofline_gbytes_per_s").GetDouble() > 1);

        JsonElement[] events = [.. JsonDocument.Parse(File.ReadAllText(trace)).RootElement.GetProperty("traceEvents").EnumerateArray()];
        JsonElement[] bars = [.. events.Where(e => e.GetProperty("ph").GetString() == "X")];
        Assert.Equal([0, 1], bars.Select(bar => bar.GetProperty("tid").GetInt32()).Distinct().Order());
        Assert.InRange(bars.Length, steps.Length, 2 * steps.Length);
    }

    [Fact]
    public void The_table_names_conditions_and_kernels()
    {
        string table = Lungseg.Run("profile", "pan", "--runs", "1").Succeeded().Output;
        Assert.Contains("processor", table);
        Assert.Contains("roofline", table);
        Assert.Contains("pointwise scaled", table);
    }

    [Fact]
    public void Bench_explains_its_layers()
    {
        JsonElement json = Lungseg.Run("bench", "pan", "--runs", "2", "--explain", "--json").Succeeded().Json;
        Assert.Equal("pan", json.GetProperty("profiles")[0].GetProperty("key").GetString());
    }

    [Fact]
    public void A_trace_that_cannot_be_written_is_told()
    {
        using var directory = new TemporaryDirectory();
        Run run = Lungseg.Run("profile", "pan", "--runs", "1", "--trace", directory["none/trace.json"]);
        Assert.Equal(2, run.Exit);
        Assert.Contains("trace.json", run.Error);
        Assert.Contains("median of", run.Output);
    }
}
