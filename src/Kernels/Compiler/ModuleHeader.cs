using System.Text.RegularExpressions;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Compiler;

/// <summary>
/// Gives a module its target, its entry point's name, its shared memory, and names that do not depend on what was compiled before
/// it, so that two builds write the same bytes.
/// </summary>
internal static partial class ModuleHeader
{
    public static string Apply(string ptx, KernelSource source)
    {
        ptx = Version().Replace(ptx, $".version {source.Target.Version}");
        ptx = TargetLine().Replace(ptx, $".target {source.Target.Name}");
        ptx = Entry().Replace(ptx, source.Name);
        ptx = Parameter().Replace(ptx, "parameters");
        ptx = Numbered(ptx);
        string declaration = ptx.Contains(Shared.Symbol, StringComparison.Ordinal)
            ? $".extern .shared .align 1024 .b8 {Shared.Symbol}[];\n\n" : "";
        int entry = ptx.IndexOf(".visible .entry", StringComparison.Ordinal);
        return $"//\n// {source.Name}: compiled from C# by ILGPU {typeof(ILGPU.Context).Assembly.GetName().Version!.ToString(3)}\n//\n"
            + ptx[ptx.IndexOf(".version", StringComparison.Ordinal)..entry].TrimEnd() + "\n\n" + declaration + ptx[entry..].TrimEnd()
            + "\n";
    }

    private static string Numbered(string ptx)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        return Label().Replace(ptx, label =>
        {
            if (!labels.TryGetValue(label.Value, out string? name)) labels[label.Value] = name = $"L{labels.Count}";
            return name;
        });
    }

    [GeneratedRegex(@"^\.version .*$", RegexOptions.Multiline)]
    private static partial Regex Version();

    [GeneratedRegex(@"^\.target .*$", RegexOptions.Multiline)]
    private static partial Regex TargetLine();

    [GeneratedRegex(@"(?<=\.entry )\w+")]
    private static partial Regex Entry();

    [GeneratedRegex(@"\b_\w+_\d+\b(?=\]|\[|\+)")]
    private static partial Regex Parameter();

    [GeneratedRegex(@"\bL_\d+\b")]
    private static partial Regex Label();
}
