using System.Text;

namespace LungSeg.Cli.Reports;

/// <summary>The files of Reports/Page, which the program carries: a page has places named {{so}}.</summary>
internal static class PageTemplate
{
    /// <summary>Writes a page; <paramref name="fill"/> writes what belongs to each place.</summary>
    public static void Write(Stream stream, string name, Action<string> fill)
    {
        foreach (string part in Resource(name).Split("{{"))
        {
            int end = part.IndexOf("}}", StringComparison.Ordinal);
            if (end >= 0) fill(part[..end]);
            WriteText(stream, end < 0 ? part : part[(end + 2)..]);
        }
    }

    public static void WriteText(Stream stream, string text) => stream.Write(Encoding.UTF8.GetBytes(text));

    public static string Resource(string name)
    {
        using Stream stream = typeof(PageTemplate).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"the program was built without '{name}'");
        return new StreamReader(stream).ReadToEnd();
    }
}
