namespace LungSeg.Cli;

/// <summary>What the program returns to the shell.</summary>
internal static class ExitCode
{
    /// <summary>Everything was done and every check held.</summary>
    public const int Done = 0;

    /// <summary>A check did not hold, or some of several inputs failed.</summary>
    public const int CheckFailed = 1;

    /// <summary>Bad usage or unreadable input.</summary>
    public const int BadInput = 2;

    /// <summary>A fault of the program.</summary>
    public const int InternalError = 3;

    /// <summary>Interrupted by Ctrl-C or SIGTERM.</summary>
    public const int Interrupted = 130;

    /// <summary>All codes, for <c>--help</c>.</summary>
    public static IReadOnlyList<(int Code, string Meaning)> Meanings { get; } =
    [
        (Done, "done, and every check held"),
        (CheckFailed, "a check did not hold, or some of several inputs failed"),
        (BadInput, "bad usage or unreadable input; one line says what to do"),
        (InternalError, "a fault of the program"),
        (Interrupted, "interrupted"),
    ];

    /// <summary>Of several inputs: done if none failed, bad input if all did.</summary>
    public static int Of(int failed, int inputs) => failed == 0 ? Done : failed == inputs ? BadInput : CheckFailed;
}
