using LungSeg.Engine.Backends.Cuda;
using LungSeg.Models;

namespace LungSeg.Cli;

/// <summary>What the environment sets; there is no other configuration, and an option goes before the environment.</summary>
internal static class Settings
{
    /// <summary>The device of every command that has <c>--device</c>.</summary>
    public const string Device = "LUNGSEG_DEVICE";

    /// <summary>Whether an internal error shows where it happened.</summary>
    public const string Trace = "LUNGSEG_TRACE";

    /// <summary>Whether tables are without colours on a terminal too (no-color.org).</summary>
    public const string NoColor = "NO_COLOR";

    /// <summary>The file of what was measured on a GPU.</summary>
    public const string Tuning = "LUNGSEG_TUNING";

    /// <summary>All variables that the program reads itself.</summary>
    public static IReadOnlyList<(string Name, string Meaning)> All { get; } =
    [
        (WeightsFolder.Variable, "the weights folder, instead of the one beside the program"),
        (Device, "the device, for --device"),
        (CudaBackend.StepwiseVariable, "1 to run a GPU step by step, so that an error names the operation at fault"),
        (CudaBackend.IsolateVariable, "1 to give each GPU buffer an allocation of its own, so that compute-sanitizer finds what leaves it"),
        (Tuning, "the file of what 'tune' measured on the GPU, instead of the user's own"),
        (NoColor, "no colours, whatever its value"),
        (Trace, "1 to show where an internal error happened"),
    ];

    /// <summary>A variable's value; null where it is not set or empty.</summary>
    public static string? Value(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
