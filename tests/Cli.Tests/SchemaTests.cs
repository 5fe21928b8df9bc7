using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;
using LungSeg.Cli.Tests.Runs;
using LungSeg.Imaging.Tests.Dicom;
using LungSeg.IO;

namespace LungSeg.Cli.Tests;

/// <summary>Every JSON result is as its schema in docs/schemas says, and the results agree in names and units.</summary>
public sealed class SchemaTests : IDisposable
{
    private const string Result = "result", ReportLine = "report-line", JournalLine = "journal-line", Evaluation = "evaluation";
    private const string Reports = "mask,json,dataset,seg";

    private static readonly Dictionary<string, JsonSchema> Schemas = Load();

    private readonly TemporaryDirectory _directory = new();

    public SchemaTests()
    {
        (byte[] film, _) = Films.Draw(320, 320, change: b => b.Text(0x00080018, "UI", "1.2.3.4"));
        Images.Write(_directory, "in", "a.png", "b/c.png");
        Images.WritePale(_directory, "in/pale.png");
        _directory.Write("in/film.dcm", film);
        File.WriteAllText(_directory["in/bad.png"], "no image");
    }

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void The_lines_of_a_run_and_the_results_of_its_images_follow_their_schemas()
    {
        Run run = Segment("--format", Reports, "--json", "--report", "--uncertainty");
        Assert.Equal(1, run.Exit);
        string[] names = ["a.png", "b/c.png", "bad.png", "film.dcm", "pale.png"];
        Assert.Equal(names, Lines(ReportLine, run.Output).Select(line => (string?)line["file"]).Order(StringComparer.Ordinal));
        JsonNode[] report = Lines(ReportLine, File.ReadAllText(_directory["out/report.jsonl"]));
        Assert.Equal(names, report.Select(line => (string?)line["file"]));
        Assert.Equal(2 + names.Length, Lines(JournalLine, File.ReadAllText(_directory["out/journal.jsonl"])).Length);
        foreach (JsonNode line in report.Where(line => line["error"] is null))
        {
            // The same lungs, flags and method in NAME.json, and the same numbers in report.csv.
            JsonNode result = Valid(Result, File.ReadAllText(_directory[$"out/{Path.ChangeExtension((string)line["file"]!, "json")}"]));
            foreach (string member in (string[])["schema", "method", "lungs", "flags"])
                Assert.Equal(result[member]!.ToJsonString(), line[member]!.ToJsonString());
        }
        CheckTable(report);
    }

    [Fact]
    public void Lines_of_named_files_name_their_outputs_without_hashes()
    {
        Run run = Lungseg.Run("segment", _directory["in/a.png"], "-o", _directory["out"], "--size", "128", "--json").Succeeded();
        JsonNode line = Assert.Single(Lines(ReportLine, run.Output));
        Assert.Equal("a.mask.png", (string?)line["outputs"]![0]!["name"]);
        Assert.Null(line["outputs"]![0]!["sha256"]);
    }

    [Fact]
    public void An_evaluation_follows_its_schema()
    {
        Segment("--format", "mask");
        string[] masks = ["evaluate", _directory["in"], _directory["out"], "--json"];
        Valid(Evaluation, Lungseg.Run([.. masks, "--predictions", _directory["out"], "--ignore", _directory["out"]]).Output);
        Valid(Evaluation, Lungseg.Run([.. masks, "--threshold-sweep", "--labels", "union", "--size", "128"]).Output);
    }

    [Fact]
    public void A_result_with_another_unit_a_missing_or_an_unknown_member_is_found()
    {
        Lungseg.Run("segment", _directory["in/film.dcm"], "-o", _directory["out"], "--size", "128", "--format", "json").Succeeded();
        string text = File.ReadAllText(_directory["out/film.json"]);
        Valid(Result, text);
        foreach ((string from, string to) in ((string, string)[])[
            ("\"area_mm2\"", "\"area_cm2\""), ("\"schema\": 2", "\"schema\": 1"), ("\"mode\": \"native\"", "\"mode\": \"fixed\""),
            ("\"flags\": [", "\"extra\": 1, \"flags\": ["), ("\"components\": ", "\"components\": -")])
        {
            Assert.Contains(from, text);
            Assert.False(Schemas[Result].Evaluate(JsonNode.Parse(text.Replace(from, to))).IsValid, $"{to} was not found");
        }
    }

    private void CheckTable(JsonNode[] report)
    {
        string[][] rows = [.. File.ReadLines(_directory["out/report.csv"]).Select(line => line.Split(','))];
        Dictionary<string, int> columns = rows[0].Select((name, i) => (name, i)).ToDictionary(column => column.name, column => column.i);
        Assert.All(
            (string[])["right_uncertain_ratio", "left_height_mm", "widest_span_width_px"], name => Assert.Contains(name, columns.Keys));
        JsonNode film = report.Single(line => (string?)line["file"] == "film.dcm");
        string[] row = rows.Single(row => row[0] == "film.dcm");
        int compared = 0;
        foreach ((string name, int column) in columns)
        {
            JsonNode? value = Member(film["lungs"]!, name);
            if (value is null) continue;
            Assert.Equal(value.GetValueKind() == JsonValueKind.String ? (string)value! : Csv.Number((double)value), row[column]);
            compared++;
        }
        Assert.True(compared > 25, $"{compared} columns are members of lungs");
    }

    // "right_area_px" is the member area_px of the member right.
    private static JsonNode? Member(JsonNode node, string column)
    {
        if (node[column] is { } value) return value is JsonValue ? value : null;
        return node.AsObject()
            .Where(member => member.Value is JsonObject && column.StartsWith($"{member.Key}_", StringComparison.Ordinal))
            .Select(member => Member(member.Value!, column[(member.Key.Length + 1)..]))
            .FirstOrDefault(found => found is not null);
    }

    private Run Segment(params string[] more) =>
        Lungseg.Run(["segment", _directory["in"], "-o", _directory["out"], "--size", "128", .. more]);

    private static JsonNode[] Lines(string schema, string text) =>
        [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => Valid(schema, line))];

    private static JsonNode Valid(string schema, string text)
    {
        JsonNode node = JsonNode.Parse(text)!;
        EvaluationResults results = Schemas[schema].Evaluate(node, new EvaluationOptions { OutputFormat = OutputFormat.List });
        IEnumerable<string> errors = results.Details
            .Where(detail => detail.Errors is not null)
            .SelectMany(detail => detail.Errors!.Select(error => $"{detail.InstanceLocation} {error.Key}: {error.Value}"));
        Assert.True(results.IsValid, $"{schema}: {string.Join("; ", errors.Take(5))}: {text[..Math.Min(text.Length, 600)]}");
        return node;
    }

    private static Dictionary<string, JsonSchema> Load()
    {
        var schemas = new Dictionary<string, JsonSchema>();
        foreach (string file in Directory.EnumerateFiles(Repository.PathOf("docs", "schemas"), "*.schema.json"))
        {
            JsonSchema schema = JsonSchema.FromText(File.ReadAllText(file));
            SchemaRegistry.Global.Register(schema);
            schemas[Path.GetFileName(file).Replace(".schema.json", "")] = schema;
        }
        return schemas;
    }
}
