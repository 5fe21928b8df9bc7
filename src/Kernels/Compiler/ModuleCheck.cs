using System.Text.RegularExpressions;

namespace LungSeg.Kernels.Compiler;

/// <summary>What every module must be: one entry point, nothing in local memory, no call, no access whose space is not stated.</summary>
internal static partial class ModuleCheck
{
    public static void Verify(string ptx, KernelSource source)
    {
        Refuse(".local", "keeps something in local memory: index structures by constants, pass values, not references");
        Refuse("call", "calls a function that was not inlined");
        if (Generic().Match(ptx) is { Success: true } access)
            throw new KernelException($"{source.Name}: '{access.Value.Trim()}' does not say which memory it means: use Global and Shared");

        void Refuse(string word, string meaning)
        {
            if (Regex.IsMatch(ptx, $@"(?<=^[^/\n]*){Regex.Escape(word)}\b", RegexOptions.Multiline))
                throw new KernelException($"{source.Name}: the module {meaning}");
        }
    }

    [GeneratedRegex(@"\b(?:ld|st)\.(?:volatile\.)?(?:v[24]\.)?[bfsu]\d+\s[^;]*;")]
    private static partial Regex Generic();
}
