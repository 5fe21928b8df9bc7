using Spectre.Console;

namespace LungSeg.Cli;

/// <summary>Tables for people: as wide as they need to be, coloured where the output is a terminal.</summary>
internal static class Tables
{
    private const int WidthOfFiles = 240;

    public static Table Create(params string[] columns)
    {
        Table table = new Table().Border(TableBorder.Simple);
        foreach (string column in columns)
        {
            // A trailing '#' marks a column of numbers.
            bool number = column.EndsWith('#');
            var header = new TableColumn(Markup.Escape(column.TrimEnd('#'))) { NoWrap = true };
            table.AddColumn(number ? header.RightAligned() : header);
        }
        return table;
    }

    public static void Row(Table table, IEnumerable<string> cells, string? style = null) => table.AddRow(
        cells.Select(cell => style is null ? Markup.Escape(cell) : $"[{style}]{Markup.Escape(cell)}[/]").ToArray());

    public static void Write(TextWriter output, Table table)
    {
        bool terminal = output == Console.Out && !Console.IsOutputRedirected;
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = terminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = terminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
        });
        if (!terminal) console.Profile.Width = WidthOfFiles;
        console.Write(table);
    }
}
