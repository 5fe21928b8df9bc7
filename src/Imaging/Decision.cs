namespace LungSeg.Imaging;

/// <summary>
/// One thing a reader found in a file or chose on the way to the image, such as ("VOI", "window 2048/4096, LINEAR"); a warning
/// is something that the user should look at.
/// </summary>
public readonly record struct Decision(string Topic, string Text, bool IsWarning = false)
{
    /// <summary>Of an image in one colour whose file has an alpha channel.</summary>
    internal static Decision ShapeInAlpha { get; } =
        new("alpha", "all pixels have one colour; what the image shows is in its alpha channel, which only masks are read from",
            IsWarning: true);

    /// <summary>The decision as one line.</summary>
    public override string ToString() => IsWarning ? $"warning: {Topic}: {Text}" : $"{Topic}: {Text}";
}
