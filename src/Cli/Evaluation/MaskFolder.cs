using LungSeg.Cli.Comparison;

namespace LungSeg.Cli.Evaluation;

/// <summary>
/// The masks below a folder by the pictures that they belong to: NAME.mask.png, NAME_mask.png and NAME.png belong to NAME, a path
/// relative to the folder, without extension.
/// </summary>
internal sealed class MaskFolder
{
    private static readonly string[] MaskEndings = [".mask", "_mask"], MapEndings = [".probabilities"];

    /// <summary>What else this program writes beside masks.</summary>
    private static readonly string[] OtherEndings = [".overlay", ".contour", ".difference"];

    private readonly Dictionary<string, List<string>> _files = [];

    private MaskFolder(string path) => Path = path;

    /// <summary>The folder's path.</summary>
    public string Path { get; }

    /// <summary>The names of the pictures that the folder has masks of.</summary>
    public IEnumerable<string> Names => _files.Keys;

    /// <summary>
    /// Lists a folder's masks, or its probability maps, NAME.probabilities.png. Where it holds the pictures too, a file is a mask
    /// only by its ending.
    /// </summary>
    public static MaskFolder Of(string path, bool holdsPictures, bool maps = false)
    {
        var folder = new MaskFolder(path);
        foreach (string file in EvaluationFiles.Below(path).Where(Comparable.CanRead))
        {
            string name = EvaluationFiles.NameOf(path, file);
            if (EndingOf(name, maps ? MapEndings : MaskEndings) is { } ending) folder.Add(name[..^ending.Length], file);
            else if (!holdsPictures && !IsResult(name)) folder.Add(name, file);
        }
        return folder;
    }

    /// <summary>Whether a file's name without extension says that it is a mask or another result, and no picture.</summary>
    public static bool IsResult(string name) => EndingOf(name, [.. MaskEndings, .. MapEndings, .. OtherEndings]) is not null;

    /// <summary>The mask of a picture, or null. Throws <see cref="UsageException"/> where there are several.</summary>
    public string? Find(string name)
    {
        if (!_files.TryGetValue(name, out List<string>? files)) return null;
        return files is [var only]
            ? only
            : throw new UsageException($"'{name}' has {files.Count} masks in '{Path}', {string.Join(", ", files.Select(System.IO.Path.GetFileName))}: keep one of them there");
    }

    private static string? EndingOf(string name, string[] endings) =>
        Array.Find(endings, ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase));

    private void Add(string name, string file)
    {
        if (!_files.TryGetValue(name, out List<string>? files)) _files[name] = files = [];
        files.Add(file);
    }
}
