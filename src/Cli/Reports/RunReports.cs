using System.Text;
using System.Text.Json;
using LungSeg.Cli.Journals;
using LungSeg.Imaging.Outputs;
using LungSeg.IO;

namespace LungSeg.Cli.Reports;

/// <summary>The reports of a run, made from its journal only: one line for each image, sorted by name.</summary>
internal static class RunReports
{
    // A column has the name of its member in report.jsonl; members of members are joined by '_'.
    private static readonly (string Name, Func<ImageRecord, string?> Value)[] Columns =
    [
        ("file", r => r.File),
        ("status", r => r.Failed ? "failed" : "done"),
        ("error", r => r.Error),
        ("width", r => Csv.Number(r.Width)),
        ("height", r => Csv.Number(r.Height)),
        ("area_px", r => Csv.Number(r.Lungs?.AreaPx)),
        ("area_mm2", r => Csv.Number(r.Lungs?.AreaMm2)),
        ("share", r => Csv.Number(r.Lungs?.Share)),
        ("uncertain_ratio", r => Csv.Number(r.Lungs?.UncertainRatio)),
        ("uncertainty_from", r => r.Lungs?.UncertaintyFrom),
        ("width_ratio_right_to_left", r => Csv.Number(r.Lungs?.WidthRatioRightToLeft)),
        ("area_ratio_right_to_left", r => Csv.Number(r.Lungs?.AreaRatioRightToLeft)),
        ("height_ratio_right_to_left", r => Csv.Number(r.Lungs?.HeightRatioRightToLeft)),
        ("right_apex_below_left_px", r => Csv.Number(r.Lungs?.RightApexBelowLeftPx)),
        ("right_apex_below_left_mm", r => Csv.Number(r.Lungs?.RightApexBelowLeftMm)),
        ("right_base_below_left_px", r => Csv.Number(r.Lungs?.RightBaseBelowLeftPx)),
        ("right_base_below_left_mm", r => Csv.Number(r.Lungs?.RightBaseBelowLeftMm)),
        ("widest_span_width_px", r => Csv.Number(r.Lungs?.WidestSpan?.WidthPx)),
        ("widest_span_width_mm", r => Csv.Number(r.Lungs?.WidestSpan?.WidthMm)),
        .. Side("right", lungs => lungs.Right),
        .. Side("left", lungs => lungs.Left),
        .. Side("joined", lungs => lungs.Joined),
        ("components", r => Csv.Number(r.Lungs?.Components)),
        ("flags", r => string.Join("; ", r.Flags.Select(flag => flag.Name))),
        ("warnings", r => string.Join("; ", r.Warnings)),
        ("skipped", r => string.Join("; ", r.Skipped.Select(skipped => skipped.Format))),
        ("sha256", r => r.Sha256),
        ("outputs", r => string.Join("; ", r.Outputs.Select(output => output.Name))),
    ];

    /// <summary>The path of report.csv of a run or shard.</summary>
    public static string TableOf(string directory, Shard shard) => $"{Stem(directory, shard)}.csv";

    /// <summary>Writes report.csv, report.jsonl and optionally report.html of a run or shard; returns their paths.</summary>
    public static IReadOnlyList<string> Write(string directory, Shard shard, bool html)
    {
        string stem = Stem(directory, shard);
        using JournalFile journal = JournalFile.Open(Path.Combine(directory, Journal.NameOf(shard)));
        List<string> written = [TableOf(directory, shard), $"{stem}.jsonl"];
        AtomicFile.Write((written[0], stream => WriteCsv(stream, journal)), (written[1], stream => WriteJson(stream, journal)));
        written.AddRange(Dataset.Write(directory, shard, journal));
        if (!html) return written;
        written.Add($"{stem}.html");
        AtomicFile.Write((written[^1], stream => ReportPage.Write(stream, journal, Path.GetFileName(Path.GetFullPath(directory)))));
        return written;
    }

    /// <summary>The beginning of the reports' names: "report", for a shard with its number.</summary>
    public static string NameOf(Shard shard) => shard.IsWhole ? "report" : $"report.{shard.Index}-of-{shard.Count}";

    /// <summary>The beginnings of the names of all files that a run or shard has once.</summary>
    public static IReadOnlyList<string> NamesOf(Shard shard) => [NameOf(shard), Dataset.NameOf(shard)];

    private static (string Name, Func<ImageRecord, string?> Value)[] Side(string name, Func<LungFacts, SideFacts?> side)
    {
        return
        [
            Column("area_px", lung => lung.AreaPx),
            Column("area_mm2", lung => lung.AreaMm2),
            Column("width_px", lung => lung.WidthPx),
            Column("width_mm", lung => lung.WidthMm),
            Column("height_px", lung => lung.HeightPx),
            Column("height_mm", lung => lung.HeightMm),
            Column("uncertain_ratio", lung => lung.UncertainRatio),
            Column("components", lung => lung.Components),
        ];

        (string, Func<ImageRecord, string?>) Column(string member, Func<SideFacts, double?> value) =>
            ($"{name}_{member}", r => r.Lungs is { } lungs && side(lungs) is { } lung ? Csv.Number(value(lung)) : "");
    }

    private static string Stem(string directory, Shard shard) =>
        Path.Combine(directory, NameOf(shard));

    private static void WriteJson(Stream stream, JournalFile journal)
    {
        foreach (ImageRecord record in Records(journal))
        {
            stream.Write(JsonSerializer.SerializeToUtf8Bytes(record, RunJson.Lines.ImageRecord));
            stream.WriteByte((byte)'\n');
        }
    }

    private static void WriteCsv(Stream stream, JournalFile journal)
    {
        using var text = new StreamWriter(stream, new UTF8Encoding(false), leaveOpen: true);
        text.Write(Csv.Line(Columns.Select(column => column.Name)));
        foreach (ImageRecord record in Records(journal)) text.Write(Csv.Line(Columns.Select(column => column.Value(record))));
    }

    // Times differ from run to run; merged shards must equal an undivided run.
    private static IEnumerable<ImageRecord> Records(JournalFile journal) =>
        journal.Names.Select(name => journal.Find(name)!.Record with { Milliseconds = null });
}
