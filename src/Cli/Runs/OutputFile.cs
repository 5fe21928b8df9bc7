using LungSeg.Cli.Inputs;

namespace LungSeg.Cli.Runs;

/// <summary>A file that was written: its format, its name relative to the output directory, with '/', its size and its SHA-256.</summary>
internal sealed record OutputFile(string Format, string Name, long Bytes, string Sha256)
{
    public static OutputFile Of(string format, string directory, string path)
    {
        using FileStream stream = File.OpenRead(path);
        return new OutputFile(format, Path.GetRelativePath(directory, path).Replace(Path.DirectorySeparatorChar, '/'), stream.Length, IO.Sha256.TextOf(stream));
    }

    /// <summary>Whether the file is in a directory as it was written. A link is not what was written; one that leads outside is not followed.</summary>
    public bool IsIn(string directory)
    {
        var file = new FileInfo(PathIn(directory));
        if (!file.Exists || file.Length != Bytes || file.LinkTarget is not null || !RealPath.IsBelow(file.FullName, directory)) return false;
        using FileStream stream = file.OpenRead();
        return IO.Sha256.TextOf(stream) == Sha256;
    }

    public string PathIn(string directory) => Path.Combine(directory, Name.Replace('/', Path.DirectorySeparatorChar));
}
