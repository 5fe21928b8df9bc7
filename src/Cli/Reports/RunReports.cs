using System.Text;
using System.Text.Json;
using LungSeg.Cli.Journals;
using LungSeg.IO;

namespace LungSeg.Cli.Reports;

/// <summary>The reports of a run, made from its journal only: one line for each image, sorted by name.</summary>
internal static class RunReports
{
    private static readonly (string Name, Func<ImageRecord, string?> Value)[] Columns =
    [
        ("file", r => r.File),
        ("status", r => r.Failed ? "failed" : "done"),
        ("error", r => r.Error),
        ("width", r => Csv.Number(r.Width)),
        ("height", r => Csv.Number(r.Height)),
        ("share", r => Csv.Number(r.Lungs?.Share)),
        ("area_px", r => Csv.Number(r.Lungs?.AreaPx)),
        ("area_mm2", r => Csv.Number(r.Lungs?.AreaMm2)),
        ("right_px", r => Csv.Number(r.Lungs?.RightPx)),
        ("left_px", r => Csv.Number(r.Lungs?.LeftPx)),
        ("joined_px", r => Csv.Number(r.Lungs?.JoinedPx)),
        ("width_ratio", r => Csv.Number(r.Lungs?.WidthRatio)),
        ("components", r => Csv.Number(r.Lungs?.Components)),
        ("uncertain_ratio", r => Csv.Number(r.Lungs?.UncertainRatio)),
        ("flags", r => string.Join("; ", r.Flags.Select(flag => flag.Name))),
        ("warnings", r => string.Join("; ", r.Warnings)),
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
