using LungSeg.Cli.Inputs;

namespace LungSeg.Cli.Evaluation;

/// <summary>
/// An image with its reference, the union of one or more masks; with an existing prediction and a mask of what is not counted, where there
/// are any.
/// </summary>
internal sealed record EvaluationPair(
    string Name, string Image, IReadOnlyList<string> References, string? Prediction, string? Ignored = null);

/// <summary>The images that can be evaluated, and the files that were left out.</summary>
internal sealed class EvaluationPairs
{
    private const int Shown = 5;
    private readonly List<string> _notices = [];

    private EvaluationPairs(IReadOnlyList<EvaluationPair> pairs) => Pairs = pairs;

    /// <summary>In the order of their names.</summary>
    public IReadOnlyList<EvaluationPair> Pairs { get; private set; }

    /// <summary>Files without a partner, for the user.</summary>
    public IReadOnlyList<string> Notices => _notices;

    /// <summary>
    /// Pairs the images below a folder with masks of their names, or one image with its masks; without masks those beside the
    /// images. Throws <see cref="UsageException"/> where nothing can be paired.
    /// </summary>
    public static EvaluationPairs Of(string images, IReadOnlyList<string> masks, string? predictions, bool maps, string? ignored)
    {
        if (!Directory.Exists(images)) return Single(images, masks, predictions, ignored);
        foreach (string folder in masks)
        {
            if (!Directory.Exists(folder))
                throw new UsageException($"'{folder}' is not a folder: '{images}' is one, so its masks are expected in folders");
        }
        if (predictions is not null && !Directory.Exists(predictions))
            throw new UsageException($"the folder of predictions '{predictions}' does not exist");
        if (ignored is not null && !Directory.Exists(ignored))
            throw new UsageException($"the folder of --ignore, '{ignored}', does not exist");
        MaskFolder[] references = masks.Count == 0
            ? [MaskFolder.Of(images, holdsImages: true)]
            : [.. masks.Select(folder => MaskFolder.Of(folder, IsSame(folder, images)))];
        // A sweep needs maps; without one, maps stand in where there are no masks.
        MaskFolder[] predicted = predictions is null ? [] : maps ? [Predicted(true)] : [Predicted(false), Predicted(true)];
        var found = new EvaluationPairs([]);
        found.Pair(
            images, Images(images, [.. masks, .. new[] { predictions, ignored }.OfType<string>()]), references, predicted,
            ignored is null ? null : MaskFolder.Of(ignored, IsSame(ignored, images)));
        return found;

        MaskFolder Predicted(bool wanted) => MaskFolder.Of(predictions, IsSame(predictions, images), wanted);
    }

    private static EvaluationPairs Single(string image, IReadOnlyList<string> masks, string? prediction, string? ignored)
    {
        if (masks.Count == 0) throw new UsageException($"name a mask for '{image}', or a folder of images with masks beside them");
        if (masks.FirstOrDefault(Directory.Exists) is { } folder)
            throw new UsageException($"'{folder}' is a folder: '{image}' is a file, so its mask is expected in a file");
        if (Directory.Exists(ignored))
        {
            throw new UsageException(
                $"'{ignored}' is a folder: '{image}' is a file, so the mask of --ignore is expected in a file");
        }
        return new EvaluationPairs([new EvaluationPair(OutputNames.Short(Path.GetFileName(image)), image, masks, prediction, ignored)]);
    }

    private static SortedDictionary<string, string> Images(string folder, string[] others)
    {
        var images = new SortedDictionary<string, string>(StringComparer.Ordinal);
        string[] inside =
        [
            .. others.Where(other => !IsSame(other, folder))
                .Select(other => Path.TrimEndingDirectorySeparator(Path.GetFullPath(other)) + Path.DirectorySeparatorChar),
        ];
        foreach (Input file in MaskFolder.Files(folder).Where(file => ImageFiles.Of(file.Path) == ImageFiles.Kind.Image))
        {
            (string name, string path) = (OutputNames.Short(file.Name), Path.Join(folder, file.Name));
            if (MaskFolder.IsResult(name) || inside.Any(other => Path.GetFullPath(path).StartsWith(other, StringComparison.Ordinal)))
                continue;
            if (!images.TryAdd(name, path))
                throw new UsageException($"two images are named '{name}', '{images[name]}' and '{path}': a mask could belong to either");
        }
        return images;
    }

    private void Pair(
        string directory, SortedDictionary<string, string> images, MaskFolder[] references, MaskFolder[] predicted, MaskFolder? ignored)
    {
        List<EvaluationPair> pairs = [];
        List<string> alone = [];
        foreach ((string name, string file) in images)
        {
            string?[] masks = [.. references.Select(folder => folder.Find(name))];
            if (masks.Any(mask => mask is null))
            {
                alone.Add(name);
                continue;
            }
            string? prediction = predicted.Select(folder => folder.Find(name)).FirstOrDefault(found => found is not null);
            pairs.Add(new EvaluationPair(name, file, [.. masks.OfType<string>()], prediction, ignored?.Find(name)));
        }
        string places = string.Join(", ", references.Select(folder => $"'{folder.Path}'"));
        if (images.Count == 0)
            throw new UsageException($"no image was found in '{directory}' (masks and other outputs, by their names, do not count)");
        if (pairs.Count == 0)
        {
            throw new UsageException($"none of {images.Count} images has a mask in {places}: the mask of NAME.png is NAME.mask.png or "
                + "NAME_mask.png, or a file with the image's name in a folder of its own");
        }
        Tell($"not evaluated, without a mask in {places}", alone);
        if (ignored is not null)
            Tell($"counted whole, without a mask in '{ignored.Path}'", pairs.Where(pair => pair.Ignored is null).Select(pair => pair.Name));
        IEnumerable<string> masked = references.SelectMany(folder => folder.Names).Distinct();
        Tell("masks without an image", masked.Where(name => !images.ContainsKey(name)).Order(StringComparer.Ordinal));
        Pairs = pairs;
    }

    private void Tell(string what, IEnumerable<string> names)
    {
        string[] all = [.. names];
        if (all.Length > 0)
            _notices.Add($"{what}: {string.Join(", ", all.Take(Shown))}{(all.Length > Shown ? $" and {all.Length - Shown} more" : "")}");
    }

    private static bool IsSame(string a, string b) =>
        Path.TrimEndingDirectorySeparator(Path.GetFullPath(a)) == Path.TrimEndingDirectorySeparator(Path.GetFullPath(b));
}
