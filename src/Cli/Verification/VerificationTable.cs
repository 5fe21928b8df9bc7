using System.Text.Json;
using Spectre.Console;

namespace LungSeg.Cli.Verification;

/// <summary>Checks as a table for people and as JSON for programs.</summary>
internal static class VerificationTable
{
    public const string UnfusedNote = "unfused: the plain run makes no such result, so it was computed in a second run without fusion";

    public static void Write(TextWriter output, VerificationResult result)
    {
        output.WriteLine($"{result.File}: {result.Network} on {result.Device}");
        Table table = Tables.Create("tensor", "shape#", "max error#", "mean#", "relative#", "99.9 %#", "cosine#", "bound#", "");
        foreach (Check check in result.Checks)
        {
            TensorError e = check.Error;
            string verdict = check == result.First ? "diverges first" : check.Holds ? "" : "diverges";
            Tables.Row(table,
            [
                check.Name, $"{check.Shape}", Units.Error(e.Max), Units.Error(e.Mean), Units.Error(e.Relative), Units.Error(e.Quantile999),
                Units.Fixed(e.Cosine, 7), double.IsFinite(check.Bound) ? Units.Error(check.Bound) : "", string.Join(", ", new[] { verdict, check.Unfused ? "unfused" : "" }.Where(s => s.Length > 0)),
            ], check == result.First ? "red" : null);
        }
        Tables.Write(output, table);
        if (result.Checks.Any(check => check.Unfused)) output.WriteLine(UnfusedNote);
        if (result.Unmatched.Count > 0)
            output.WriteLine($"not compared, as {result.Network} has no such modules: {string.Join(", ", result.Unmatched)}");
        output.WriteLine(Verdict(result));
        output.WriteLine();
    }

    public static string Verdict(VerificationResult result)
    {
        double largest = result.Outputs.Max(check => check.Error.Max);
        return result.First is { } first
            ? $"{result.Network}: {first.Name} diverges first: largest error {Units.Error(first.Error.Max)}, {Units.Error(first.Bound)} allowed"
            : $"{result.Network}: all {result.Checks.Count} tensors hold; largest error of an output {Units.Error(largest)}";
    }

    public static void WriteJson(Utf8JsonWriter json, VerificationResult result)
    {
        json.WriteStartObject();
        json.WriteString("file", result.File);
        json.WriteString("network", result.Network);
        json.WriteString("device", result.Device);
        json.WriteBoolean("holds", result.Holds);
        if (result.First is { } first) json.WriteString("diverges_first", first.Name);
        json.WriteStartArray("tensors");
        foreach (Check check in result.Checks)
        {
            json.WriteStartObject();
            json.WriteString("name", check.Name);
            json.WriteString("shape", $"{check.Shape}");
            Json.Number(json, "max", check.Error.Max);
            Json.Number(json, "mean", check.Error.Mean);
            Json.Number(json, "relative", check.Error.Relative);
            Json.Number(json, "quantile_999", check.Error.Quantile999);
            Json.Number(json, "cosine", check.Error.Cosine);
            Json.Number(json, "bound", check.Bound);
            json.WriteBoolean("holds", check.Holds);
            json.WriteBoolean("unfused", check.Unfused);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("not_compared");
        foreach (string name in result.Unmatched) json.WriteStringValue(name);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
