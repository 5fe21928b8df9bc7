namespace LungSeg.Cli.Diagnosis;

/// <summary>How good or bad a finding is.</summary>
internal enum Verdict
{
    /// <summary>As it should be.</summary>
    Good,

    /// <summary>Works, but slower or with less than this machine could.</summary>
    Warning,

    /// <summary>Something does not work.</summary>
    Problem,
}

/// <summary>Something that <c>doctor</c> looked at, what it found, and what to do where that is not good.</summary>
internal sealed record Finding(string Subject, Verdict Verdict, string Text, string? Advice = null)
{
    public static Finding Good(string subject, string text) => new(subject, Verdict.Good, text);

    public static Finding Warning(string subject, string text, string advice) => new(subject, Verdict.Warning, text, advice);

    public static Finding Problem(string subject, string text, string advice) => new(subject, Verdict.Problem, text, advice);
}
