using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using LungSeg.Cli.Journals;
using LungSeg.Imaging.Quality;

namespace LungSeg.Cli.Reports;

/// <summary>
/// A run as one HTML page that needs no other file and no network access: the files of Reports/Page with the journal's lines as data.
/// </summary>
internal static class ReportPage
{
    /// <summary>A preview has about 6 KB; with more of them a browser would open the page slowly.</summary>
    private const int MaxThumbnails = 4000;

    // Letters of any script stay readable; characters that could end a script element are escaped.
    private static readonly JsonWriterOptions InScript = new() { Encoder = JavaScriptEncoder.Create(UnicodeRanges.All) };

    public static void Write(Stream stream, JournalFile journal, string title)
    {
        PageTemplate.Write(stream, "page.html", place =>
        {
            if (place == "style") PageTemplate.WriteText(stream, PageTemplate.Resource("page.css"));
            else if (place == "data") WriteData(stream, journal, title);
            else foreach (string script in (string[])["histogram.js", "table.js", "page.js"])
                PageTemplate.WriteText(stream, PageTemplate.Resource(script));
        });
    }

    private static void WriteData(Stream stream, JournalFile journal, string title)
    {
        RunSession last = journal.Sessions[^1];
        using var json = new Utf8JsonWriter(stream, InScript);
        json.WriteStartObject();
        json.WriteString("title", title);
        json.WritePropertyName("settings");
        JsonSerializer.Serialize(json, last.Settings, RunJson.Lines.IReadOnlyDictionaryStringString);
        json.WriteStartArray("sessions");
        foreach (RunSession session in journal.Sessions) JsonSerializer.Serialize(json, session, RunJson.Lines.RunSession);
        json.WriteEndArray();
        if (journal.End is { } end)
        {
            json.WritePropertyName("end");
            JsonSerializer.Serialize(json, end, RunJson.Lines.SessionEnd);
        }
        json.WriteStartObject("limits");
        json.WriteNumber("expected", journal.Expected);
        json.WriteNumber("thumbnails", MaxThumbnails);
        json.WriteNumber("scale", Thumbnail.Scale);
        json.WriteNumber("uncertain", QualityRules.Unsure);
        json.WriteEndObject();
        json.WriteStartArray("images");
        HashSet<string>? withThumbnail = journal.Count <= MaxThumbnails ? null : FlaggedFirst(journal);
        foreach (string name in journal.Names)
        {
            JournalEntry entry = journal.Find(name)!;
            if (withThumbnail?.Contains(name) == false) entry = entry with { Thumbnail = null };
            JsonSerializer.Serialize(json, entry, RunJson.Lines.JournalEntry);
            json.Flush();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static HashSet<string> FlaggedFirst(JournalFile journal) =>
        [.. journal.Names.OrderBy(name => journal.Find(name)!.Record.Flags.Count > 0 ? 0 : 1).Take(MaxThumbnails)];
}
