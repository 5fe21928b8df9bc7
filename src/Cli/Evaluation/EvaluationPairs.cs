using LungSeg.Cli.Inputs;

namespace LungSeg.Cli.Evaluation;

/// <summary>The pictures that can be evaluated, and what was left out.</summary>
internal sealed class EvaluationPairs
{
    private const int Shown = 5;
    private readonly List<string> _notices = [];

    private EvaluationPairs(IReadOnlyList<EvaluationPair> pairs) => Pairs = pairs;

    /// <summary>In the order of their names.</summary>
    public IReadOnlyList<EvaluationPair> Pairs { get; private set; }

    /// <summary>What has no partner, for the user.</summary>
    public IReadOnlyList<string> Notices => _notices;

    /// <summary>
    /// Pairs the pictures below a folder with masks of their names, or one picture with its masks; without masks those beside the
    /// pictures. Throws <see cref="UsageException"/> where nothing can be paired.
    /// </summary>
    public static EvaluationPairs Of(string images, IReadOnlyList<string> masks, string? predictions, bool maps, string? ignored)
    {
        if (!Directory.Exists(images)) return Single(images, masks, predictions, ignored);
        foreach (string folder in masks)
        {
            if (!Directory.Exists(folder)) throw new UsageException($"'{folder}' is no folder: '{images}' is one, so its masks are expected in folders");
        }
        if (predictions is not null && !Directory.Exists(predictions)) throw new UsageException($"'{predictions}' is no folder of predictions");
        if (ignored is not null && !Directory.Exists(ignored)) throw new UsageException($"'{ignored}' is no folder of masks of what is not counted");
        MaskFolder[] references = masks.Count == 0
            ? [MaskFolder.Of(images, holdsPictures: true)]
            : [.. masks.Select(folder => MaskFolder.Of(folder, IsSame(folder, images)))];
        // A sweep needs maps; without one, maps stand in where there are no masks.
        MaskFolder[] predicted = predictions is null ? [] : maps ? [Predicted(true)] : [Predicted(false), Predicted(true)];
        var found = new EvaluationPairs([]);
        found.Pair(
            images, Pictures(images, [.. masks, .. new[] { predictions, ignored }.OfType<string>()]), references, predicted,
            ignored is null ? null : MaskFolder.Of(ignored, IsSame(ignored, images)));
        return found;

        MaskFolder Predicted(bool wanted) => MaskFolder.Of(predictions, IsSame(predictions, images), wanted);
    }

    private static EvaluationPairs Single(string image, IReadOnlyList<string> masks, string? prediction, string? ignored)
    {
        if (masks.Count == 0) throw new UsageException($"name a mask for '{image}', or a folder of pictures with masks beside them");
        if (masks.FirstOrDefault(Directory.Exists) is { } folder) throw new UsageException($"'{folder}' is a folder: '{image}' is a file, so its mask is expected in a file");
        if (Directory.Exists(ignored)) throw new UsageException($"'{ignored}' is a folder: '{image}' is a file, so the mask of what is not counted is expected in a file");
        return new EvaluationPairs([new EvaluationPair(OutputNames.Short(Path.GetFileName(image)), image, masks, prediction, ignored)]);
    }

    private static SortedDictionary<string, string> Pictures(string images, string[] others)
    {
        var pictures = new SortedDictionary<string, string>(StringComparer.Ordinal);
        string[] inside = [.. others.Where(folder => !IsSame(folder, images)).Select(folder => Path.GetFullPath(folder).TrimEnd(Path.DirectorySeparatorChar) + Path.DirectorySeparatorChar)];
        foreach (string file in MaskFolder.Files(images).Where(file => PictureFiles.Of(file.Path) == PictureFiles.Kind.Picture).Select(file => file.Name))
        {
            (string name, string path) = (OutputNames.Short(file), Path.Join(images, file));
            if (MaskFolder.IsResult(name) || inside.Any(folder => Path.GetFullPath(path).StartsWith(folder, StringComparison.Ordinal))) continue;
            if (!pictures.TryAdd(name, path)) throw new UsageException($"two pictures are named '{name}', '{pictures[name]}' and '{path}': a mask could belong to either");
        }
        return pictures;
    }

    private void Pair(string images, SortedDictionary<string, string> pictures, MaskFolder[] references, MaskFolder[] predicted, MaskFolder? ignored)
    {
        List<EvaluationPair> pairs = [];
        List<string> alone = [];
        foreach ((string name, string file) in pictures)
        {
            string?[] masks = [.. references.Select(folder => folder.Find(name))];
            if (masks.Any(mask => mask is null)) alone.Add(name);
            else pairs.Add(new EvaluationPair(name, file, [.. masks.OfType<string>()], predicted.Select(folder => folder.Find(name)).FirstOrDefault(file => file is not null), ignored?.Find(name)));
        }
        string places = string.Join(", ", references.Select(folder => $"'{folder.Path}'"));
        if (pictures.Count == 0) throw new UsageException($"no picture was found in '{images}' (masks and other outputs, by their names, do not count)");
        if (pairs.Count == 0)
        {
            throw new UsageException($"none of {pictures.Count} pictures has a mask in {places}: the mask of NAME.png is NAME.mask.png or NAME_mask.png, "
                + "or a file with the picture's name in a folder of its own");
        }
        Tell($"not evaluated, without a mask in {places}", alone);
        if (ignored is not null) Tell($"counted whole, without a mask in '{ignored.Path}'", pairs.Where(pair => pair.Ignored is null).Select(pair => pair.Name));
        Tell("masks without a picture", references.SelectMany(folder => folder.Names).Distinct().Where(name => !pictures.ContainsKey(name)).Order(StringComparer.Ordinal));
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
