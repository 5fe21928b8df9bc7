using System.Globalization;
using System.Text.RegularExpressions;
using LungSeg.Engine;
using LungSeg.Engine.Ops;

namespace LungSeg.Models.Tests;

/// <summary>A row of <c>tests/data/networks/*.layers.csv</c>: a leaf module as the reference implementation ran it.</summary>
internal sealed partial record ReferenceLayer(string Module, string Type, string Output, string Args, long Macs)
{
    /// <summary>Whether the module multiplies by weights.</summary>
    public bool IsConvolution => Type is "Conv2d" or "Conv2dStaticSamePadding" or "ConvTranspose2d";

    /// <summary>Reads a network's rows, in execution order.</summary>
    public static IReadOnlyList<ReferenceLayer> Read(string network) =>
        [.. File.ReadLines(TestData.PathOf("networks", $"{network}.layers.csv")).Skip(1).Select(Parse)];

    /// <summary>Kernel, stride, padding, dilation, groups and bias, written alike for the reference's row and for our operation.</summary>
    public string Geometry()
    {
        Match match = GeometryPattern().Match(Args);
        Assert.True(match.Success, $"{Module}: {Args}");
        string Group(string name) => match.Groups[name].Value;
        // Left, right, top, bottom.
        string padding = Group("zero").Length > 0 ? Group("zero") : $"{Group("px")}, {Group("px")}, {Group("py")}, {Group("py")}";
        // The dilation of a 1x1 kernel means nothing.
        string dilation = Group("kernel") == "1, 1" ? "1, 1" : Group("dilation");
        return $"k={Group("kernel")} s={Group("stride")} p={padding} d={dilation} g={Group("groups")} bias={Group("bias")}";
    }

    /// <inheritdoc cref="Geometry()"/>
    public static string Geometry(Tensor tensor)
    {
        static string Text(int r, int s, int stride, Padding p, int dilation, int groups, bool bias) =>
            $"k={r}, {s} s={stride}, {stride} p={p.Left}, {p.Right}, {p.Top}, {p.Bottom} "
            + $"d={(r == 1 ? 1 : dilation)}, {(s == 1 ? 1 : dilation)} g={groups} bias={bias}";
        return tensor.Op switch
        {
            Conv2dOp op => Text(op.R, op.S, op.Stride, op.Padding, op.Dilation, op.Groups, op.Bias is not null),
            ConvTranspose2dOp op => Text(op.R, op.S, op.Stride, op.Padding, 1, 1, op.Bias is not null),
            _ => throw new ArgumentException($"{tensor} is no convolution"),
        };
    }

    private static ReferenceLayer Parse(string line)
    {
        string[] fields = [.. FieldPattern().Matches(line).Select(field => field.Groups["text"].Value.Trim('"'))];
        Assert.Equal(6, fields.Length);
        long macs = fields[5].Length == 0 ? 0 : long.Parse(fields[5], CultureInfo.InvariantCulture);
        return new(fields[0], fields[1], fields[3], fields[4], macs);
    }

    [GeneratedRegex("""(?:^|,)(?<text>"[^"]*"|[^,"]*)""")]
    private static partial Regex FieldPattern();

    [GeneratedRegex("""
        ^k=\((?<kernel>[^)]*)\)\ s=\((?<stride>[^)]*)\)\ p=(?:zero\(l,r,t,b\)=\((?<zero>[^)]*)\)|\[(?<py>\d+),\ (?<px>\d+)\])
        \ d=\((?<dilation>[^)]*)\)\ g=(?<groups>\d+)\ bias=(?<bias>\w+)$
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex GeometryPattern();
}
