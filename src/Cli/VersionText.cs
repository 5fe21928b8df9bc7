using System.CommandLine;
using System.CommandLine.Invocation;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.IO;

namespace LungSeg.Cli;

/// <summary><c>--version</c>: version and commit, runtime, instruction sets, GPU kernels.</summary>
internal sealed class VersionText : SynchronousCommandLineAction
{
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

    public override int Invoke(ParseResult parseResult)
    {
        TextWriter output = parseResult.InvocationConfiguration.Output;
        output.WriteLine($"lungseg {ProductVersion.Full}");
        output.WriteLine($"runtime       {Runtime}");
        output.WriteLine($"instructions  {Instructions}");
        output.WriteLine($"GPU kernels   {Kernels}");
        return ExitCode.Done;
    }
}
