using System.Globalization;

namespace LungSeg.Cli.Benchmarking;

/// <summary>The process's peak resident memory since the last reset, where Linux reports it.</summary>
internal static class PeakMemory
{
    private const string Status = "/proc/self/status", ClearRefs = "/proc/self/clear_refs";

    /// <summary>Collects garbage and resets the peak.</summary>
    public static void Reset()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        try
        {
            // 5 resets the peak (proc(5)).
            if (OperatingSystem.IsLinux() && File.Exists(ClearRefs)) File.WriteAllText(ClearRefs, "5");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Where this is not allowed, the peak is that of the process since its start.
        }
    }

    /// <summary>The peak in bytes; null where the system does not report it.</summary>
    public static long? Read()
    {
        const string Field = "VmHWM:";
        if (!OperatingSystem.IsLinux() || !File.Exists(Status)) return null;
        string? line = File.ReadLines(Status).FirstOrDefault(l => l.StartsWith(Field, StringComparison.Ordinal));
        string number = line is null ? "" : line[Field.Length..].Replace("kB", "").Trim();
        return long.TryParse(number, CultureInfo.InvariantCulture, out long kilobytes) ? kilobytes * 1024 : null;
    }
}
