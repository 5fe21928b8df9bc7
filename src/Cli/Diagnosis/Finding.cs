namespace LungSeg.Cli.Diagnosis;

/// <summary>The result of a check.</summary>
internal enum Verdict
{
    /// <summary>As it should be.</summary>
    Good,

    /// <summary>Not present on this machine, and not needed.</summary>
    None,

    /// <summary>Works, but slower than it could, or with less than the machine has.</summary>
    Warning,

    /// <summary>Something does not work.</summary>
    Problem,
}

/// <summary>What <c>doctor</c> checked, the result, and what to do about a problem.</summary>
internal sealed record Finding(string Subject, Verdict Verdict, string Text, string? Advice = null)
{
    public static Finding Good(string subject, string text) => new(subject, Verdict.Good, text);

    public static Finding None(string subject, string text) => new(subject, Verdict.None, text);

    public static Finding Warning(string subject, string text, string advice) => new(subject, Verdict.Warning, text, advice);

    public static Finding Problem(string subject, string text, string advice) => new(subject, Verdict.Problem, text, advice);
}
