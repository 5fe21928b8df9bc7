namespace LungSeg.Imaging;

/// <summary>
/// One thing a reader found in a file or chose on the way to the picture, such as ("VOI", "window 2048/4096, LINEAR"); a warning
/// is something that the user should look at.
/// </summary>
public readonly record struct Decision(string Topic, string Text, bool IsWarning = false)
{
    /// <summary>The decision as one line.</summary>
    public override string ToString() => IsWarning ? $"warning: {Topic}: {Text}" : $"{Topic}: {Text}";
}
