using System.Text.Json;
using LungSeg.Engine;

namespace LungSeg.Cli.Profiling;

/// <summary>A run in the Trace Event Format that chrome://tracing and ui.perfetto.dev show: a row for each worker, a bar for each step.</summary>
internal static class ChromeTrace
{
    public static void Write(Utf8JsonWriter json, LayerProfile profile)
    {
        json.WriteStartObject();
        json.WriteString("displayTimeUnit", "ms");
        json.WriteStartArray("traceEvents");
        Name(json, "process_name", 0, $"{profile.Network.Key} {profile.Input}");
        foreach (int worker in profile.LastRun.Select(span => span.Worker).Distinct()) Name(json, "thread_name", worker, $"worker {worker}");
        foreach (StepSpan span in profile.LastRun.Where(span => span.End > span.Begin))
        {
            PlanStep step = profile.Steps[span.Step].Step;
            json.WriteStartObject();
            json.WriteString("name", step.Path);
            json.WriteString("cat", step.Kernel);
            json.WriteString("ph", "X");
            json.WriteNumber("ts", span.Begin.TotalMicroseconds);
            json.WriteNumber("dur", (span.End - span.Begin).TotalMicroseconds);
            json.WriteNumber("pid", 0);
            json.WriteNumber("tid", span.Worker);
            json.WriteStartObject("args");
            json.WriteString("kernel", step.Kernel);
            json.WriteString("output", $"{step.Output}");
            json.WriteNumber("macs", step.Macs);
            json.WriteNumber("bytes", step.Bytes);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Name(Utf8JsonWriter json, string what, int worker, string name)
    {
        json.WriteStartObject();
        json.WriteString("name", what);
        json.WriteString("ph", "M");
        json.WriteNumber("pid", 0);
        json.WriteNumber("tid", worker);
        json.WriteStartObject("args");
        json.WriteString("name", name);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
