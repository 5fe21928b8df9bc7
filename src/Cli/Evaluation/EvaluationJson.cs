using System.Text.Json;
using LungSeg.Imaging.Evaluation;
using LungSeg.IO;
using LungSeg.Models;

namespace LungSeg.Cli.Evaluation;

/// <summary>An evaluation for programs: how it was made, then each source's summary and images.</summary>
internal static class EvaluationJson
{
    public static void Write(Utf8JsonWriter json, EvaluationReport report)
    {
        json.WriteStartObject();
        json.WriteString("program", $"lungseg {ProductVersion.Number}");
        foreach ((string name, string value) in report.Conditions) json.WriteString(name, value);
        json.WriteNumber("resamples", ConfidenceInterval.Resamples);
        json.WriteStartArray("networks");
        foreach (SourceResult result in report.Results) WriteResult(json, result, report.Thresholds);
        json.WriteEndArray();
        json.WriteStartArray("without_weights");
        foreach (Architecture network in report.Missing) json.WriteStringValue(network.Key);
        json.WriteEndArray();
        json.WriteStartArray("notices");
        foreach (string notice in report.Notices) json.WriteStringValue(notice);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteResult(Utf8JsonWriter json, SourceResult result, IReadOnlyList<float> thresholds)
    {
        json.WriteStartObject();
        json.WriteString("name", result.Name);
        json.WriteString("source", result.Description);
        if (result.Network is { } network)
        {
            json.WriteString("encoder", network.Encoder);
            json.WriteNumber("input_size", network.InputSize);
            json.WriteNumber("parameters", network.ParameterCount);
            json.WriteNumber("macs", network.Macs);
        }
        json.WriteStartObject("summary");
        foreach (MeasureSummary summary in Measure.All.Select(result.Summary).OfType<MeasureSummary>()) WriteSummary(json, summary);
        json.WriteEndObject();
        if (thresholds.Count > 0) WriteSweep(json, result, thresholds);
        json.WriteStartArray("images");
        foreach (EvaluatedImage image in result.Images) WriteImage(json, image);
        json.WriteEndArray();
        json.WriteStartArray("failed");
        foreach (FailedImage failed in result.Failures)
        {
            json.WriteStartObject();
            json.WriteString("name", failed.Name);
            json.WriteString("error", failed.Fault);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteSummary(Utf8JsonWriter json, MeasureSummary summary)
    {
        json.WriteStartObject(summary.Measure.Key);
        json.WriteNumber("images", summary.Count);
        json.WriteNumber("mean", summary.Mean);
        if (summary.Interval is { } interval)
        {
            json.WriteNumber("low", interval.Low);
            json.WriteNumber("high", interval.High);
        }
        json.WriteNumber("median", summary.Median);
        json.WriteNumber("worst", summary.Worst);
        json.WriteEndObject();
    }

    private static void WriteSweep(Utf8JsonWriter json, SourceResult result, IReadOnlyList<float> thresholds)
    {
        double[] dice = result.Sweep(thresholds);
        json.WriteStartArray("sweep");
        for (int i = 0; i < dice.Length; i++)
        {
            json.WriteStartObject();
            json.WriteNumber("threshold", thresholds[i]);
            json.WriteNumber("dice", dice[i]);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteImage(Utf8JsonWriter json, EvaluatedImage image)
    {
        json.WriteStartObject();
        json.WriteString("name", image.Name);
        json.WriteNumber("width", image.Width);
        json.WriteNumber("height", image.Height);
        if (image.Spacing is { } spacing)
        {
            json.WriteNumber("row_mm", spacing.RowMillimetres);
            json.WriteNumber("column_mm", spacing.ColumnMillimetres);
        }
        foreach (Measure measure in Measure.All)
        {
            if (measure.Of(image.Score) is { } value) json.WriteNumber(measure.Key, value);
            else json.WriteNull(measure.Key);
        }
        json.WriteEndObject();
    }
}
