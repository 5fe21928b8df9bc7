using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Backends.Cuda;

namespace LungSeg.Cli;

/// <summary><c>--version</c>: version and commit, runtime, instruction sets, GPU kernels.</summary>
internal sealed class VersionText : SynchronousCommandLineAction
{
    private const int CommitLength = 12;

    /// <summary>The version, such as 0.1.0.</summary>
    public static string Number => Informational.Split('+')[0];

    /// <summary>The commit that the program was built from; null where it was not built in a clone.</summary>
    public static string? Commit => Informational.Split('+') is [_, var commit] ? commit[..Math.Min(CommitLength, commit.Length)] : null;

    /// <summary>Version and commit, such as 0.1.0 (1f2e3d4c5b6a).</summary>
    public static string Full => Commit is { } commit ? $"{Number} ({commit})" : Number;

    /// <summary>How it runs: compiled as it runs, or ahead of time.</summary>
    public static string Runtime =>
        $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier}, {(RuntimeFeature.IsDynamicCodeCompiled ? "compiled as it runs" : "native")}";

    /// <summary>The instruction set that kernels are made for, and the others that they could be made for.</summary>
    public static string Instructions => InstructionSets.Supported.Count == 1
        ? $"{InstructionSets.Best}"
        : $"{InstructionSets.Best} (also {string.Join(", ", InstructionSets.Supported.SkipLast(1).Reverse())})";

    /// <summary>The GPU kernels in the program, by the architectures that they are written for.</summary>
    public static string Kernels => string.Join(", ", KernelLibrary.Kernels.CountBy(kernel => kernel.Target).OrderBy(target => target.Key, StringComparer.Ordinal)
        .Select(target => $"{target.Value} for {target.Key}{(target.Key.EndsWith('a') ? "" : " and later")}"));

    private static string Informational =>
        typeof(VersionText).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    public override int Invoke(ParseResult parseResult)
    {
        TextWriter output = parseResult.InvocationConfiguration.Output;
        output.WriteLine($"lungseg {Full}");
        output.WriteLine($"runtime       {Runtime}");
        output.WriteLine($"instructions  {Instructions}");
        output.WriteLine($"GPU kernels   {Kernels}");
        return ExitCode.Done;
    }
}
