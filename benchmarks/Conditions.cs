using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace LungSeg.Benchmarks;

/// <summary>What a number means nothing without: processor, instruction sets, system, versions, date.</summary>
internal static class Conditions
{
    public static IEnumerable<string> Lines(params string[] contestants) =>
    [
        $"- processor: {Processor()}, {Environment.ProcessorCount} logical cores; {InstructionSets()}",
        $"- system: {RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}; "
            + $"{RuntimeInformation.FrameworkDescription}",
        .. contestants.Select(contestant => $"- {contestant}"),
        $"- date: {DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} UTC; load average {Load()} at the start",
    ];

    private static string Processor()
    {
        const string CpuInfo = "/proc/cpuinfo";
        string? model = File.Exists(CpuInfo)
            ? File.ReadLines(CpuInfo).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1]
                .Trim()
            : Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER");
        return model ?? "unknown processor";
    }

    private static string InstructionSets()
    {
        (string Name, bool Supported)[] sets =
        [
            ("AVX-512F", Avx512F.IsSupported), ("AVX-512 VBMI", Avx512Vbmi.IsSupported), ("AVX2", Avx2.IsSupported),
            ("FMA", Fma.IsSupported), ("SSE4.2", Sse42.IsSupported), ("AdvSimd", AdvSimd.IsSupported),
        ];
        return string.Join(", ", sets.Where(set => set.Supported).Select(set => set.Name));
    }

    private static string Load()
    {
        const string LoadAverage = "/proc/loadavg";
        return File.Exists(LoadAverage) ? File.ReadAllText(LoadAverage).Split(' ')[0] : "unknown";
    }
}
