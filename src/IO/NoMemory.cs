namespace LungSeg.IO;

/// <summary>Tells the errors of which memory is the cause.</summary>
internal static class NoMemory
{
    // .NET does not show its type to programs. What is inflated here is looked at before, so that nothing but memory can be its cause.
    private const string OfZlib = "ZLibException";

    /// <summary>Whether an error, or the one behind it, is such.</summary>
    public static bool Is(Exception e) =>
        e.GetBaseException() is var cause && (cause is OutOfMemoryException || cause.GetType().Name == OfZlib);
}
