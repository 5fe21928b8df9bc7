using System.Text.Json;
using Spectre.Console;

namespace LungSeg.Cli.Benchmarking;

/// <summary>A profile as a table for people and as JSON for programs.</summary>
internal static class ProfileTable
{
    public static void Write(TextWriter output, LayerProfile profile)
    {
        output.WriteLine($"{profile.Network.Key} {profile.Input}, weights {profile.Weights}: {Units.Fixed(profile.Milliseconds, 2)} ms, "
            + $"median of {profile.Runs} runs; roofline {Units.Fixed(profile.Roofline.GigaFlops, 0)} GFLOP/s, "
            + $"{Units.Fixed(profile.Roofline.GigaBytes, 1)} GB/s, measured now");
        Table steps = Tables.Create(
            "path", "kernel", "output", "ms#", "share#", "MAC, M#", "MB#", "GFLOP/s#", "GB/s#", "roofline#", "waiting#");
        foreach (ProfiledStep step in profile.Steps)
        {
            Tables.Row(steps,
            [
                step.Step.Path, step.Step.Kernel, Units.Dims(step.Step.Output), Units.Fixed(step.Milliseconds, 3),
                Units.Percent(step.Milliseconds / profile.Milliseconds),
                step.Step.Macs > 0 ? Units.Fixed(step.Step.Macs / 1e6, 1) : "", Units.Fixed(step.Step.Bytes / 1e6, 2),
                step.Step.Macs > 0 ? Units.Fixed(step.GigaFlops, 1) : "", Units.Fixed(step.GigaBytes, 1),
                Units.Percent(step.RooflineShare), Units.Percent(step.Waiting),
            ]);
        }
        Tables.Write(output, steps);
        Table kernels = Tables.Create("kernel", "steps#", "ms#", "share#", "GFLOP/s#", "roofline#");
        foreach (IGrouping<string, ProfiledStep> kernel in profile.Steps
            .GroupBy(step => step.Step.Kernel)
            .OrderByDescending(kernel => kernel.Sum(step => step.Milliseconds)))
        {
            double milliseconds = kernel.Sum(step => step.Milliseconds);
            long macs = kernel.Sum(step => step.Step.Macs);
            Tables.Row(kernels,
            [
                kernel.Key, $"{kernel.Count()}", Units.Fixed(milliseconds, 2), Units.Percent(milliseconds / profile.Milliseconds),
                macs > 0 ? Units.Fixed(2e-6 * macs / milliseconds, 1) : "", Units.Percent(kernel.Sum(step => step.Minimum) / milliseconds),
            ]);
        }
        Tables.Write(output, kernels);
    }

    public static void WriteJson(Utf8JsonWriter json, LayerProfile profile)
    {
        json.WriteStartObject();
        json.WriteString("key", profile.Network.Key);
        json.WriteNumber("batch", profile.Input.N);
        json.WriteNumber("size", profile.Input.H);
        json.WriteString("weights", profile.Weights);
        json.WriteNumber("runs", profile.Runs);
        json.WriteNumber("median_ms", profile.Milliseconds);
        json.WriteNumber("roofline_gflops", profile.Roofline.GigaFlops);
        json.WriteNumber("roofline_gbytes_per_s", profile.Roofline.GigaBytes);
        json.WriteStartArray("steps");
        foreach (ProfiledStep step in profile.Steps)
        {
            json.WriteStartObject();
            json.WriteString("path", step.Step.Path);
            json.WriteString("op", step.Step.Operation);
            json.WriteString("kernel", step.Step.Kernel);
            json.WriteStartArray("output");
            foreach (int dim in (ReadOnlySpan<int>)[step.Step.Output.N, step.Step.Output.C, step.Step.Output.H, step.Step.Output.W])
                json.WriteNumberValue(dim);
            json.WriteEndArray();
            json.WriteNumber("ms", step.Milliseconds);
            json.WriteNumber("share", step.Milliseconds / profile.Milliseconds);
            json.WriteNumber("macs", step.Step.Macs);
            json.WriteNumber("bytes", step.Step.Bytes);
            json.WriteNumber("gflops", step.GigaFlops);
            json.WriteNumber("roofline_share", step.RooflineShare);
            json.WriteNumber("waiting_share", step.Waiting);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
