namespace LungSeg.Cli;

/// <summary>What the program returns to the shell.</summary>
internal static class ExitCode
{
    /// <summary>Everything was done and every check passed.</summary>
    public const int Done = 0;

    /// <summary>A check failed, or some of several inputs failed.</summary>
    public const int CheckFailed = 1;

    /// <summary>Wrong usage or unreadable input.</summary>
    public const int BadInput = 2;

    /// <summary>An error in the program.</summary>
    public const int InternalError = 3;

    /// <summary>Interrupted by Ctrl-C or SIGTERM.</summary>
    public const int Interrupted = 130;

    /// <summary>All codes, for <c>--help</c>.</summary>
    public static IReadOnlyList<(int Code, string Meaning)> Meanings { get; } =
    [
        (Done, "success, and every check passed"),
        (CheckFailed, "a check failed, or some of several inputs failed"),
        (BadInput, "wrong usage or unreadable input; one line says what to do"),
        (InternalError, "an error in the program"),
        (Interrupted, "interrupted"),
    ];

    /// <summary>The code for several inputs: done where none failed, bad input where all did.</summary>
    public static int Of(int failed, int inputs) => failed == 0 ? Done : failed == inputs ? BadInput : CheckFailed;
}
