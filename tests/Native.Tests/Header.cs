using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace LungSeg.Native.Tests;

/// <summary>include/lungseg.h.</summary>
internal static partial class Header
{
    private static readonly (string Name, Type Type)[] Structures =
    [
        ("options", typeof(OptionsLayout)), ("image", typeof(ImageLayout)), ("lung", typeof(LungLayout)),
        ("statistics", typeof(StatisticsLayout)),
    ];

    private static string Text { get; } = File.ReadAllText(Repository.PathOf("include", "lungseg.h"));

    /// <summary>The names of its functions.</summary>
    public static string[] Functions { get; } =
        [.. Function().Matches(Text).Select(match => match.Groups[1].Value).Order(StringComparer.Ordinal)];

    /// <summary>A C program that prints a line for each structure: where its members are, and its size.</summary>
    public static string LayoutProgram { get; } = $$"""
        #include <stddef.h>
        #include <stdio.h>
        #include "lungseg.h"
        int main(void) {
        {{string.Join('\n', Structures.SelectMany(s => Members(s.Name)
            .Select(member => $"printf(\"%d \", (int)offsetof(lungseg_{s.Name}, {member}));")
            .Append($"printf(\"%d\\n\", (int)sizeof(lungseg_{s.Name}));")))}}
        return 0; }
        """;

    /// <summary>What that program has to print: the same of the structures that .NET reads and writes.</summary>
    public static string[] Layout { get; } =
    [
        .. Structures.Select(s => string.Join(
            ' ', s.Type.GetFields().Select(field => Marshal.OffsetOf(s.Type, field.Name)).Append(Marshal.SizeOf(s.Type)))),
    ];

    private static IEnumerable<string> Members(string structure)
    {
        string body = Text[Text.IndexOf($"struct lungseg_{structure} {{", StringComparison.Ordinal)..];
        body = Comment().Replace(body[(body.IndexOf('{') + 1)..body.IndexOf('}')], "");
        return Body().Matches(body).SelectMany(line => line.Value.Split(',')).Select(part => Name().Match(part).Value);
    }

    [GeneratedRegex(@"\b(lungseg_\w+)\(")]
    private static partial Regex Function();

    [GeneratedRegex("/\\*.*?\\*/", RegexOptions.Singleline)]
    private static partial Regex Comment();

    [GeneratedRegex("[^;{}]+;")]
    private static partial Regex Body();

    [GeneratedRegex(@"\w+(?=\s*;?\s*$)")]
    private static partial Regex Name();
}
