namespace LungSeg.Cli.Inputs;

/// <summary>
/// An image of a run: where it lies, and its name, a relative path with '/' that is the same on every machine. Its outputs'
/// names and its shard follow from the name.
/// </summary>
internal sealed record Input(string Path, string Name)
{
    /// <summary>Why it cannot be read, where the search for images came upon the reason already.</summary>
    public string? Fault { get; init; }

    /// <summary>The beginning of its outputs' names, relative to the output directory, with '/'.</summary>
    public string Stem { get; init; } = "";
}
