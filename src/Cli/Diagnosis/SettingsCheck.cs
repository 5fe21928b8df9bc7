using LungSeg.Engine;

namespace LungSeg.Cli.Diagnosis;

/// <summary>What the environment sets, and the terminal.</summary>
internal static class SettingsCheck
{
    public static IEnumerable<Finding> Find()
    {
        foreach ((string name, string meaning) in Settings.All)
        {
            if (Environment.GetEnvironmentVariable(name) is { } value) yield return Finding.Good("environment", $"{name}={value}: {meaning}");
        }
        if (Settings.All.All(setting => Environment.GetEnvironmentVariable(setting.Name) is null))
            yield return Finding.Good("environment", $"none of {string.Join(", ", Settings.All.Select(setting => setting.Name))} is set");
        if (Settings.Value(Settings.Device) is { } device && DeviceFault(device) is { } fault)
            yield return Finding.Problem("environment", fault, $"unset {Settings.Device}, or let it name a device of this machine");
        yield return Terminal();
    }

    private static string? DeviceFault(string device)
    {
        try
        {
            DeviceChoices.Open(device, Precision.Float32.Name(), 1, TextWriter.Null).Dispose();
            return null;
        }
        catch (Exception e) when (e is UsageException or EngineException)
        {
            return e.Message;
        }
    }

    private static Finding Terminal()
    {
        if (Console.IsOutputRedirected) return Finding.Good("terminal", "none: the output goes to a file or program, and is plain");
        string colours = Tables.HasColours(Console.Out) ? "colours" : "no colours";
        string text = $"{(Console.WindowWidth is > 0 and int width ? $"{width} columns, " : "")}{colours}, {Console.OutputEncoding.WebName}";
        return Console.OutputEncoding.WebName.StartsWith("utf", StringComparison.OrdinalIgnoreCase)
            ? Finding.Good("terminal", text)
            : Finding.Warning("terminal", text, "set a UTF-8 locale such as LANG=C.UTF-8 (chcp 65001 on Windows), or tables lose their lines");
    }
}
