using System.Globalization;
using System.Text.RegularExpressions;

namespace LungSeg.PtxInterpreter.Syntax;

/// <summary>Reads a module's text: its entry points, and the name of its dynamic shared memory.</summary>
internal static partial class ModuleParser
{
    public static (IReadOnlyList<KernelSyntax> Kernels, string? DynamicShared, string Target) Parse(string text)
    {
        text = Comment().Replace(text, "");
        Match shared = ExternalShared().Match(text);
        string? dynamicShared = shared.Success ? shared.Groups["name"].Value : null;
        var kernels = new List<KernelSyntax>();
        foreach (Match entry in Entry().Matches(text))
        {
            int open = text.IndexOf('{', entry.Index + entry.Length), close = Matching(text, open);
            string directives = text[(entry.Index + entry.Length)..open];
            (IReadOnlyList<Variable> parameters, int bytes) = Parameters(entry.Groups["parameters"].Value);
            Match threads = MaxThreads().Match(directives);
            kernels.Add(new BodyParser(text[(open + 1)..close]).Parse(
                entry.Groups["name"].Value, parameters, bytes,
                threads.Success ? int.Parse(threads.Groups["x"].Value, CultureInfo.InvariantCulture) : 0));
        }
        if (kernels.Count == 0) throw new PtxSyntaxException("the module has no entry point");
        return (kernels, dynamicShared, Target().Match(text).Groups["target"].Value);
    }

    private static (IReadOnlyList<Variable> Parameters, int Bytes) Parameters(string list)
    {
        var parameters = new List<Variable>();
        int offset = 0;
        foreach (Match parameter in Parameter().Matches(list))
        {
            int size = Types.Bits(parameter.Groups["type"].Value) / 8;
            int count = parameter.Groups["count"].Success ? int.Parse(parameter.Groups["count"].Value, CultureInfo.InvariantCulture) : 1;
            int alignment = parameter.Groups["align"].Success ? int.Parse(parameter.Groups["align"].Value, CultureInfo.InvariantCulture)
                : size;
            offset = (offset + alignment - 1) / alignment * alignment;
            parameters.Add(new Variable(parameter.Groups["name"].Value, offset, size * count));
            offset += size * count;
        }
        return (parameters, offset);
    }

    private static int Matching(string text, int open)
    {
        int depth = 0;
        for (int i = open; i < text.Length; i++)
        {
            if (text[i] == '{') depth++;
            else if (text[i] == '}' && --depth == 0) return i;
        }
        throw new PtxSyntaxException("a '{' is not closed");
    }

    [GeneratedRegex(@"//[^\n]*")]
    private static partial Regex Comment();

    [GeneratedRegex(@"\.extern\s+\.shared\s+\.align\s+\d+\s+\.b8\s+(?<name>[\w$]+)\[\]")]
    private static partial Regex ExternalShared();

    [GeneratedRegex(@"\.entry\s+(?<name>[\w$]+)\s*\((?<parameters>[^)]*)\)")]
    private static partial Regex Entry();

    [GeneratedRegex(@"\.param\s+(?:\.align\s+(?<align>\d+)\s+)?\.(?<type>\w+)\s+(?<name>[\w$]+)(?:\[(?<count>\d+)\])?")]
    private static partial Regex Parameter();

    [GeneratedRegex(@"\.maxntid\s+(?<x>\d+)")]
    private static partial Regex MaxThreads();

    [GeneratedRegex(@"^\s*\.target\s+(?<target>\w+)", RegexOptions.Multiline)]
    private static partial Regex Target();
}
