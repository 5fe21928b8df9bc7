using LungSeg.Cli.Comparison;
using LungSeg.Cli.Inputs;

namespace LungSeg.Cli.Evaluation;

/// <summary>
/// The masks below a folder by the images that they belong to: NAME.mask.png, NAME_mask.png and NAME.png belong to NAME, a path
/// relative to the folder, without extension.
/// </summary>
internal sealed class MaskFolder
{
    /// <summary>How the names of masks and of maps end, what goes first where an image has several.</summary>
    private static readonly string[] MaskEndings = [".mask", "_mask", ".seg"], MapEndings = [Comparable.MapEnding];

    /// <summary>What else this program writes beside masks.</summary>
    private static readonly string[] ImageEndings = [".overlay", ".contour", ".difference", ".uncertainty", ".sc", ".sr", ".pr"];

    private readonly Dictionary<string, List<(int Rank, string File)>> _files = [];

    private MaskFolder(string path) => Path = path;

    /// <summary>The folder's path.</summary>
    public string Path { get; }

    /// <summary>The names of the images that the folder has masks of.</summary>
    public IEnumerable<string> Names => _files.Keys;

    /// <summary>
    /// Lists a folder's masks, or its probability maps, NAME.probabilities.png or .npy. Where it holds the images too, a file is a
    /// mask only by its ending.
    /// </summary>
    public static MaskFolder Of(string path, bool holdsImages, bool maps = false)
    {
        string[] endings = maps ? MapEndings : MaskEndings;
        var folder = new MaskFolder(path);
        foreach (Input file in Files(path).Where(file => Comparable.CanRead(file.Path)))
        {
            string name = OutputNames.Short(file.Name);
            int rank = RankOf(name, endings);
            if (rank < endings.Length) folder.Add(name[..^endings[rank].Length], rank, file.Path);
            else if (!holdsImages && !IsResult(name)) folder.Add(name, rank, file.Path);
        }
        return folder;
    }

    /// <summary>The files below a folder that are not hidden.</summary>
    public static IEnumerable<Input> Files(string folder)
    {
        (IReadOnlyList<Input> files, _) = FolderWalk.Below(folder, name => !IsHidden(name));
        foreach (Input file in files)
        {
            if (file.Fault is { } fault) throw new UsageException(fault);
            if (!IsHidden(file.Name)) yield return file;
        }
    }

    /// <summary>Whether a file's name without extension says that it is a mask or another result, and no image.</summary>
    public static bool IsResult(string name) => new[] { MaskEndings, MapEndings, ImageEndings }.Any(endings => RankOf(name, endings) < endings.Length);

    /// <summary>Whether a file's name without extension says that it is an image that this program drew of a mask.</summary>
    public static bool IsImage(string name) => RankOf(name, ImageEndings) < ImageEndings.Length;

    /// <summary>The mask of an image, or null. Throws <see cref="UsageException"/> where two could be it.</summary>
    public string? Find(string name)
    {
        if (!_files.TryGetValue(name, out List<(int Rank, string File)>? files)) return null;
        string[] first = [.. files.Where(file => file.Rank == files.Min(f => f.Rank)).Select(file => file.File)];
        // An array holds what the image of a map has rounded.
        if (first.Length > 1) first = first.FirstOrDefault(file => file.EndsWith(".npy", StringComparison.OrdinalIgnoreCase)) is { } exact ? [exact] : first;
        return first is [var only]
            ? only
            : throw new UsageException($"'{name}' has {first.Length} masks in '{Path}', {string.Join(", ", first.Select(System.IO.Path.GetFileName))}: keep one of them there");
    }

    private static bool IsHidden(string name) => name[(name.LastIndexOf('/') + 1)..].StartsWith('.');

    private static int RankOf(string name, string[] endings)
    {
        int rank = Array.FindIndex(endings, ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase));
        return rank < 0 ? endings.Length : rank;
    }

    private void Add(string name, int rank, string file)
    {
        if (!_files.TryGetValue(name, out List<(int Rank, string File)>? files)) _files[name] = files = [];
        files.Add((rank, file));
    }
}
