namespace LungSeg.Cli.Help;

/// <summary>A command line that a user might type, and what it does.</summary>
internal sealed record Example(string Line, string Meaning);
