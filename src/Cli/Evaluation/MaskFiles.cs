using LungSeg.Cli.Inputs;
using LungSeg.Engine.Weights;
using LungSeg.Imaging;
using LungSeg.Imaging.Masks;
using LungSeg.Imaging.Outputs;

namespace LungSeg.Cli.Evaluation;

/// <summary>A mask or probability map: values from 0 to 1, and whether these are only 0 and 1.</summary>
internal sealed record Comparable(int Width, int Height, float[] Values)
{
    /// <summary>How the names of probability maps end, without extension.</summary>
    public const string MapEnding = ".probabilities";

    private const string Output = "output";
    private static readonly string[] Extensions =
        [".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".gif", ".jp2", ".j2k", ".dcm", ".npy", ".safetensors"];

    public bool IsMask { get; } = Values.All(value => value is 0 or 1);

    public static bool CanRead(string path) => Extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    /// <summary>Lung where the value is over the threshold.</summary>
    public LungMask Cut(float threshold) => LungMask.FromProbabilities(Values, Width, Height, threshold);

    /// <summary>
    /// Reads an image, a DICOM segmentation, a NumPy array, or the tensor <c>output</c> (1 x 1 x H x W) of a safetensors file.
    /// </summary>
    /// <remarks>An image with several labels is refused; with <paramref name="union"/>, all labels except 0 are lung.</remarks>
    public static Comparable Read(string path, bool union) => Path.GetExtension(path).ToUpperInvariant() switch
    {
        ".SAFETENSORS" => ReadTensor(path),
        ".NPY" => ReadArray(path),
        _ => ReadImage(path, union),
    };

    private static Comparable ReadArray(string path)
    {
        ProbabilityMap map = NumPyFile.Read(path);
        return new Comparable(map.Width, map.Height, map.Values.ToArray());
    }

    private static Comparable ReadImage(string path, bool union)
    {
        Radiograph image = ImageReader.Read(path);
        // A file with the name of a map is one, even if it has only two values.
        if (image.Channels == 1 && OutputNames.Short(Path.GetFileName(path)).EndsWith(MapEnding, StringComparison.OrdinalIgnoreCase))
            return new Comparable(image.Width, image.Height, image.ToUnitFloat());
        var mask = MaskImage.Of(image);
        if (mask.Labels.Count > 0 && !union)
        {
            throw new UsageException($"'{path}' holds {mask.Labels.Count} labels ({string.Join(", ", mask.Labels)}) where a mask has two: "
                + "if all except 0 are lung, add --labels union, else make a mask with the lungs only");
        }
        return new Comparable(mask.Width, mask.Height, mask.Values);
    }

    private static Comparable ReadTensor(string path)
    {
        if (!Safetensors.Read(path).TryGet(Output, out Parameter? output))
            throw new CheckpointException($"'{path}' has no tensor '{Output}' to compare");
        return output.Dims is [1, 1, > 0 and int height, > 0 and int width]
            ? new Comparable(width, height, output.Read())
            : throw new CheckpointException($"'{path}': an output of 1 x 1 x H x W expected, [{string.Join(", ", output.Dims)}] found");
    }
}

/// <summary>
/// The masks below a folder by the images that they belong to: NAME.mask.png, NAME_mask.png and NAME.png belong to NAME, a path relative to
/// the folder, without extension.
/// </summary>
internal sealed class MaskFolder
{
    /// <summary>The endings of masks and of maps, in the order of preference where an image has several.</summary>
    private static readonly string[] MaskEndings = [".mask", "_mask", ".seg"], MapEndings = [Comparable.MapEnding];

    /// <summary>The endings of the program's other results.</summary>
    private static readonly string[] ImageEndings = [".overlay", ".contour", ".difference", ".uncertainty", ".sc", ".sr", ".pr"];

    private readonly Dictionary<string, List<(int Rank, string File)>> _files = [];

    private MaskFolder(string path) => Path = path;

    /// <summary>The folder's path.</summary>
    public string Path { get; }

    /// <summary>The names of the images that the folder has masks of.</summary>
    public IEnumerable<string> Names => _files.Keys;

    /// <summary>
    /// Lists a folder's masks, or its probability maps, NAME.probabilities.png or .npy. Where the folder holds the images too, only files
    /// with the ending of a mask are masks.
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

    /// <summary>Whether a file's name without extension is that of a mask or another result.</summary>
    public static bool IsResult(string name) =>
        new[] { MaskEndings, MapEndings, ImageEndings }.Any(endings => RankOf(name, endings) < endings.Length);

    /// <summary>Whether a file's name without extension is that of a result that shows a mask, such as an overlay.</summary>
    public static bool IsImage(string name) => RankOf(name, ImageEndings) < ImageEndings.Length;

    /// <summary>The mask of an image, or null. Throws <see cref="UsageException"/> where two could be it.</summary>
    public string? Find(string name)
    {
        if (!_files.TryGetValue(name, out List<(int Rank, string File)>? files)) return null;
        string[] first = [.. files.Where(file => file.Rank == files.Min(f => f.Rank)).Select(file => file.File)];
        // A NumPy array is exact; the image of a map is rounded.
        if (first.Length > 1)
            first = first.FirstOrDefault(file => file.EndsWith(".npy", StringComparison.OrdinalIgnoreCase)) is { } exact ? [exact] : first;
        return first is [var only]
            ? only
            : throw new UsageException($"'{name}' has {first.Length} masks in '{Path}', "
                + $"{string.Join(", ", first.Select(System.IO.Path.GetFileName))}: keep only one of them");
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

/// <summary>Reads masks, in the size of their image.</summary>
internal static class MaskReading
{
    private const float Half = 0.5f;
    private const double AspectTolerance = 0.02;

    /// <summary>The union of an image's reference masks. Throws for a file that is not a mask, or is the mask of another image.</summary>
    public static LungMask Reference(EvaluationPair pair, Radiograph image, bool union)
    {
        LungMask? all = null;
        foreach (string file in pair.References)
        {
            Comparable values = Comparable.Read(file, union);
            LungMask mask = values.Cut(Half);
            float brightest = values.Values.Max();
            if (mask.Area == 0 && brightest > 0)
            {
                throw new UsageException($"'{file}': the brightest pixel has {Units.Percent(brightest)} of the range: a mask with black "
                    + "and white, or 0 and 1, expected");
            }
            mask = OnImage(mask, image, file);
            all = all is null
                ? mask
                : new LungMask(mask.Width, mask.Height, [.. all.Pixels.ToArray().Zip(mask.Pixels.ToArray(), (a, b) => (byte)(a | b))]);
        }
        return all!;
    }

    /// <summary>The region of an image that is not counted; null for none.</summary>
    public static LungMask? Ignored(EvaluationPair pair, Radiograph image, bool union) =>
        pair.Ignored is { } file ? OnImage(Comparable.Read(file, union).Cut(Half), image, file) : null;

    /// <summary>A mask in its image's size; one with the same aspect ratio is resized to the nearest pixel.</summary>
    public static LungMask OnImage(LungMask mask, Radiograph image, string file)
    {
        (int width, int height) = (image.Width, image.Height);
        if (mask.Width == width && mask.Height == height) return mask;
        double stretch = (double)mask.Width * height / ((double)mask.Height * width);
        bool study = mask.Width == StudyCleanup.SavedSide && mask.Height == StudyCleanup.SavedSide;
        return study || Math.Abs(stretch - 1) <= AspectTolerance
            ? mask.Resize(width, height)
            : throw new UsageException($"'{file}' has {mask.Width} x {mask.Height} pixels, its image {width} x {height}, with another "
                + "aspect ratio: is it the mask of another image, or rotated?");
    }
}
