using System.Globalization;

namespace LungSeg.IO;

/// <summary>
/// Tables of comma-separated values: quoted as RFC 4180 says; lines end with a line feed alone, which every reader takes and line tools
/// need.
/// </summary>
internal static class Csv
{
    /// <summary>One line with its end; an empty cell for null.</summary>
    public static string Line(IEnumerable<string?> cells) => $"{string.Join(',', cells.Select(Quoted))}\n";

    /// <summary>A number as a cell: the shortest text that reads back as the same value; null stays null.</summary>
    public static string? Number(double? value) => value?.ToString(CultureInfo.InvariantCulture);

    private static string? Quoted(string? cell) => cell.AsSpan().ContainsAny(",\"\r\n") ? $"\"{cell!.Replace("\"", "\"\"")}\"" : cell;
}
