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
    /// <summary>Framework, platform, and whether the program was compiled ahead of time.</summary>
    public static string Runtime => $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier}, "
        + (RuntimeFeature.IsDynamicCodeCompiled ? "JIT" : "native");

    /// <summary>The instruction set that the CPU kernels use, and the others that this processor has.</summary>
    public static string Instructions => InstructionSets.Supported.Count == 1
        ? $"{InstructionSets.Best}"
        : $"{InstructionSets.Best} (also {string.Join(", ", InstructionSets.Supported.SkipLast(1).Reverse())})";

    /// <summary>The number of GPU kernels in the program for each architecture.</summary>
    public static string Kernels => string.Join(", ", KernelLibrary.Kernels
        .CountBy(kernel => kernel.Target)
        .OrderBy(target => target.Key, StringComparer.Ordinal)
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
