using Spectre.Console;

namespace LungSeg.Cli;

/// <summary>Tables for people: as wide as their content, with colours on a terminal.</summary>
internal static class Tables
{
    private const int Width = 240;

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

    public static void Row(Table table, IEnumerable<string> cells, string? style = null)
    {
        IEnumerable<string> safe = cells.Select(cell => Markup.Escape(Printable.Of(cell)));
        table.AddRow([.. style is null ? safe : safe.Select(cell => $"[{style}]{cell}[/]")]);
    }

    public static void Write(TextWriter output, Table table)
    {
        IAnsiConsole console = Console(output);
        // Fitted to a narrow terminal, a table would break numbers. Long lines are wrapped by the terminal, and stay whole in a file.
        console.Profile.Width = Width;
        console.Write(table);
    }

    /// <summary>Writes a line with Spectre's markup, which is shown where the output is a terminal.</summary>
    public static void Line(TextWriter output, string markup)
    {
        IAnsiConsole console = Console(output);
        console.Profile.Width = int.MaxValue;
        console.MarkupLine(markup);
    }

    /// <summary>Whether colours are shown: on a terminal that has them, unless NO_COLOR is set.</summary>
    public static bool HasColours(TextWriter output) => Console(output).Profile.Capabilities.ColorSystem != ColorSystem.NoColors;

    private static IAnsiConsole Console(TextWriter output)
    {
        bool coloured = output == System.Console.Out && !System.Console.IsOutputRedirected && Settings.Value(Settings.NoColor) is null;
        return AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = coloured ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = coloured ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
        });
    }
}
