using LungSeg.IO;

namespace LungSeg.Cli;

/// <summary>The options and commands that do what an error of a library asks for.</summary>
internal static class Advice
{
    /// <summary>What to add to an error's message, in parentheses; empty where its message says all.</summary>
    public static string For(Exception e) => e is LungSegException { Remedy: var remedy } && For(remedy) is { } words ? $" ({words})" : "";

    /// <summary>The words for a remedy; null for none.</summary>
    public static string? For(Remedy remedy) => remedy switch
    {
        Remedy.None => null,
        Remedy.ChooseFrame => "--frame",
        Remedy.NativeMode => "--mode native",
        Remedy.NameOutput => "-o",
        Remedy.Overwrite => "--force",
        Remedy.NameOutputOrOverwrite => "-o or --force",
        Remedy.ProvideWeights => "lungseg convert weights.pth, lungseg weights add FILE; or --weights FILE",
        Remedy.WiderType => "--dtype",
        Remedy.CpuDevice => "--device cpu",
        _ => throw new ArgumentOutOfRangeException(nameof(remedy), remedy, null),
    };
}
