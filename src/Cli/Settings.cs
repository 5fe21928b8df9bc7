using LungSeg.Engine.Backends.Cuda;
using LungSeg.Models;

namespace LungSeg.Cli;

/// <summary>The environment variables that the program reads. There is no other configuration; options take precedence.</summary>
internal static class Settings
{
    /// <summary>The device of every command that has <c>--device</c>.</summary>
    public const string Device = "LUNGSEG_DEVICE";

    /// <summary>Shows the stack trace of an internal error.</summary>
    public const string Trace = "LUNGSEG_TRACE";

    /// <summary>Switches off colours on a terminal (no-color.org).</summary>
    public const string NoColor = "NO_COLOR";

    /// <summary>The file with the measurements of a GPU.</summary>
    public const string Tuning = "LUNGSEG_TUNING";

    /// <summary>The vectors of the native program. Its outer part (src/Native/Outer/choice.c) reads it and chooses the code.</summary>
    public const string Instructions = "LUNGSEG_INSTRUCTIONS";

    /// <summary>All variables that the program reads itself.</summary>
    public static IReadOnlyList<(string Name, string Meaning)> All { get; } =
    [
        (WeightsFolder.Variable, "the weights folder; default: the folder weights beside the program"),
        (Device, "the default of --device"),
        (CudaBackend.StepwiseVariable, "1 runs a GPU step by step, so that an error names the operation that failed"),
        (CudaBackend.IsolateVariable, "1 gives each GPU buffer its own allocation, so that compute-sanitizer finds accesses outside of it"),
        (Tuning, "the file with the measurements of 'lungseg tune'; default: a file in the user's data folder"),
        (Instructions, "vectors of the native program: avx512, avx2 or vector128; default: the widest that the processor has"),
        (NoColor, "any value switches off colours"),
        (Trace, "1 shows the stack trace of an internal error"),
    ];

    /// <summary>A variable's value; null where it is not set or empty.</summary>
    public static string? Value(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
