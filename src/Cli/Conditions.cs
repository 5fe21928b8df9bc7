using System.Globalization;
using System.Runtime.InteropServices;

namespace LungSeg.Cli;

/// <summary>The conditions of a measurement: machine, device, system, load, date.</summary>
internal static class Conditions
{
    private const string CpuInfo = "/proc/cpuinfo", LoadAverage = "/proc/loadavg";

    public static IEnumerable<(string Name, string Value)> Of(string device) =>
    [
        ("processor", $"{Processor()}, {Environment.ProcessorCount} logical cores"),
        ("device", device),
        ("system", $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, "
            + $"{RuntimeInformation.FrameworkDescription}"),
        ("load", File.Exists(LoadAverage) ? $"{File.ReadAllText(LoadAverage).Split(' ')[0]} in the last minute" : "unknown"),
        ("date", DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) + " UTC"),
    ];

    /// <summary>The processor by its maker's name.</summary>
    public static string Processor()
    {
        const string Unknown = "unknown processor";
        if (!File.Exists(CpuInfo)) return Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? Unknown;
        string? line = File.ReadLines(CpuInfo).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal));
        return line?.Split(':', 2)[1].Trim() ?? Unknown;
    }
}
