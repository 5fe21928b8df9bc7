using System.Text.Json;
using LungSeg.Cli.Journals;
using LungSeg.Imaging.Masks;
using LungSeg.Imaging.Outputs;
using LungSeg.IO;

namespace LungSeg.Cli.Reports;

/// <summary>
/// The masks of a whole run: dataset.jsonl, a line for each image, and dataset.coco.json, all images in COCO's layout, which also has the
/// position of each image's line, for random access. Lines are appended while the run works; at its end both files are made from the
/// journal, sorted by name.
/// </summary>
internal static class Dataset
{
    /// <summary>The word of <c>--format</c>.</summary>
    public const string Format = "dataset";

    /// <summary>The beginning of both files' names.</summary>
    public static string NameOf(Shard shard) => shard.IsWhole ? "dataset" : $"dataset.{shard.Index}-of-{shard.Count}";

    /// <summary>Starts the table of a run with the lines of images that are finished already.</summary>
    public static LineFile Begin(string directory, Shard shard, IEnumerable<JournalEntry> finished) =>
        LineFile.Begin($"{Path.Combine(directory, NameOf(shard))}.jsonl", finished.Where(Holds).Select(LineOf));

    /// <summary>Whether an image has a line.</summary>
    public static bool Holds(JournalEntry entry) => entry is { Masks: not null, Record.Failed: false };

    /// <summary>An image's line, without its end.</summary>
    public static byte[] LineOf(JournalEntry entry)
    {
        using var line = new MemoryStream();
        using (var json = new Utf8JsonWriter(line, Json.OneLine))
        {
            json.WriteStartObject();
            json.WriteString("file", entry.Record.File);
            json.WriteString("sha256", entry.Record.Sha256);
            json.WriteNumber("width", entry.Record.Width!.Value);
            json.WriteNumber("height", entry.Record.Height!.Value);
            json.WriteStartArray("lungs");
            foreach (EncodedLung lung in entry.Masks!)
            {
                json.WriteStartObject();
                json.WriteNumber("category_id", EncodedLung.CategoryOf(lung.Side));
                WriteMask(json, entry, lung, "rle");
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return line.ToArray();
    }

    /// <summary>Writes both files of a run or shard, and returns their paths; none where its images have no masks.</summary>
    public static IReadOnlyList<string> Write(string directory, Shard shard, JournalFile journal)
    {
        if (!journal.Sessions[^1].Settings.GetValueOrDefault("format", "").Split(',').Contains(Format)) return [];
        string stem = Path.Combine(directory, NameOf(shard));
        (string table, string coco) = ($"{stem}.jsonl", $"{stem}.coco.json");
        List<(long Start, long Length)> lines = [];
        AtomicFile.Write(
            (table, stream => WriteTable(stream, journal, lines)),
            (coco, stream => WriteCoco(stream, journal, lines, Path.GetFileName(table))));
        return [table, coco];
    }

    /// <summary>The images that have masks, numbered from 1 in the order of their names.</summary>
    private static IEnumerable<(int Id, JournalEntry Entry)> Images(JournalFile journal) =>
        journal.Names
            .Select(name => journal.Find(name)!)
            .Where(Holds)
            .Select((entry, i) => (i + 1, entry));

    private static void WriteTable(Stream stream, JournalFile journal, List<(long Start, long Length)> lines)
    {
        long start = 0;
        foreach ((_, JournalEntry entry) in Images(journal))
        {
            byte[] line = [.. LineOf(entry), (byte)'\n'];
            lines.Add((start, line.Length));
            start += line.Length;
            stream.Write(line);
        }
    }

    private static void WriteCoco(Stream stream, JournalFile journal, List<(long Start, long Length)> lines, string table)
    {
        using var json = new Utf8JsonWriter(stream, Json.OneLine);
        json.WriteStartObject();
        json.WriteStartObject("info");
        string? network = journal.Sessions[^1].Settings.GetValueOrDefault("network");
        json.WriteString("description", $"lungs found by LungSeg {ProductVersion.Number}, network {network}");
        json.WriteString("table", table);
        json.WriteEndObject();
        json.WriteStartArray("images");
        foreach ((int id, JournalEntry entry) in Images(journal))
        {
            json.WriteStartObject();
            json.WriteNumber("id", id);
            json.WriteString("file_name", entry.Record.File);
            json.WriteNumber("width", entry.Record.Width!.Value);
            json.WriteNumber("height", entry.Record.Height!.Value);
            json.WriteNumber("table_offset", lines[id - 1].Start);
            json.WriteNumber("table_bytes", lines[id - 1].Length);
            json.WriteEndObject();
            json.Flush();
        }
        json.WriteEndArray();
        json.WriteStartArray("annotations");
        int annotation = 0;
        foreach ((int id, JournalEntry entry) in Images(journal))
        {
            foreach (EncodedLung lung in entry.Masks!)
            {
                json.WriteStartObject();
                json.WriteNumber("id", ++annotation);
                json.WriteNumber("image_id", id);
                json.WriteNumber("category_id", EncodedLung.CategoryOf(lung.Side));
                json.WriteNumber("iscrowd", 0);
                WriteMask(json, entry, lung, "segmentation");
                json.WriteEndObject();
            }
            json.Flush();
        }
        json.WriteEndArray();
        json.WriteStartArray("categories");
        foreach (LungSide side in Enum.GetValues<LungSide>())
        {
            json.WriteStartObject();
            json.WriteNumber("id", EncodedLung.CategoryOf(side));
            json.WriteString("name", EncodedLung.NameOf(side));
            json.WriteString("supercategory", "lung");
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteMask(Utf8JsonWriter json, JournalEntry entry, EncodedLung lung, string name)
    {
        json.WriteNumber("area", lung.Area);
        json.WriteStartArray("bbox");
        foreach (int number in lung.Box) json.WriteNumberValue(number);
        json.WriteEndArray();
        json.WriteStartObject(name);
        json.WriteStartArray("size");
        json.WriteNumberValue(entry.Record.Height!.Value);
        json.WriteNumberValue(entry.Record.Width!.Value);
        json.WriteEndArray();
        json.WriteString("counts", lung.Counts);
        json.WriteEndObject();
    }
}
