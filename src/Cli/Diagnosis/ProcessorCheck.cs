using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using LungSeg.Cli.Benchmarking;
using LungSeg.Engine.Backends.Cpu;

namespace LungSeg.Cli.Diagnosis;

/// <summary>Whether the program uses all that the processor has: its widest vectors and all its cores.</summary>
internal static class ProcessorCheck
{
    private const string Subject = "processor", CpuInfo = "/proc/cpuinfo";
    private static readonly string[] Switches = ["DOTNET_EnableHWIntrinsic", "DOTNET_EnableAVX", "DOTNET_EnableAVX2", "DOTNET_EnableFMA", "DOTNET_EnableAVX512"];

    public static IEnumerable<Finding> Find()
    {
        InstructionSet used = InstructionSets.Best, had = Widest(used);
        string text = $"{Conditions.Processor()}; instruction set {used}";
        yield return used == had ? Finding.Good(Subject, text) : Finding.Warning(Subject, $"{text}, though the processor has {had}", Advice(had));
        yield return Threads();
    }

    private static string Advice(InstructionSet had)
    {
        string[] off = [.. Switches.Where(name => Environment.GetEnvironmentVariable(name) == "0")];
        if (off.Length > 0) return $"unset {string.Join(", ", off)}, which switch instructions off";
        return RuntimeFeature.IsDynamicCodeCompiled
            ? "update the .NET runtime, or ask whoever set up this machine why it hides instructions from it"
            : $"this executable was built for narrower vectors: publish it without PublishAot, or with -p:IlcInstructionSet={(had == InstructionSet.Avx512 ? "x86-64-v4" : "x86-64-v3")}, or use dotnet run";
    }

    private static Finding Threads()
    {
        int usable = Environment.ProcessorCount;
        int present = File.Exists(CpuInfo) ? File.ReadLines(CpuInfo).Count(line => line.StartsWith("processor", StringComparison.Ordinal)) : usable;
        string text = $"{usable} {(usable == 1 ? "thread" : "threads")}, one for each processor";
        return usable >= present
            ? Finding.Good("threads", text)
            : Finding.Warning("threads", $"{text} that this process may use; the machine has {present}", "give the container or job more processors if networks should run faster");
    }

    // What the program can use is asked of the runtime; a native executable does not look further than what it was built for.
    private static InstructionSet Widest(InstructionSet used)
    {
        if (!X86Base.IsSupported) return used;
        (int highest, _, _, _) = X86Base.CpuId(0, 0);
        if (highest < 7) return used;
        (_, _, int features1, _) = X86Base.CpuId(1, 0);
        (_, int features7, _, _) = X86Base.CpuId(7, 0);
        bool fma = (features1 & (1 << 12)) != 0, savesVectors = (features1 & (1 << 27)) != 0;
        bool avx2 = (features7 & (1 << 5)) != 0, avx512 = (features7 & (1 << 16)) != 0;
        if (!savesVectors || !avx2 || !fma) return used;
        return avx512 ? InstructionSet.Avx512 : (InstructionSet)Math.Max((int)used, (int)InstructionSet.Avx2);
    }
}
