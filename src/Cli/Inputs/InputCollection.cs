namespace LungSeg.Cli.Inputs;

/// <summary>
/// The images that a command line names: files, folders with all that is below them, patterns, lists. An existing file or
/// folder goes before a pattern or list of its name.
/// </summary>
internal sealed class InputCollection
{
    private readonly string _output;
    private readonly List<Input> _inputs = [];
    private readonly List<string> _notices = [];
    private readonly int[] _skipped = new int[Enum.GetValues<ImageFiles.Kind>().Length];

    private readonly SortedDictionary<string, int> _dicomObjects = new(StringComparer.Ordinal);

    private InputCollection(string output) => _output = RealPath.Of(output);

    /// <summary>The images, each once: of a folder, pattern or list in the order of their names, of named files as they are named.</summary>
    public IReadOnlyList<Input> Inputs => _inputs;

    /// <summary>What was left out, for the user.</summary>
    public IReadOnlyList<string> Notices => _notices;

    /// <summary>Whether a folder, pattern or list was named, and not only files.</summary>
    public bool IsFolder { get; private set; }

    /// <summary>Finds the images; throws <see cref="UsageException"/> where there is none, or two would have outputs of one name.</summary>
    public static InputCollection Of(IEnumerable<string> arguments, string output)
    {
        var found = new InputCollection(output);
        foreach (string argument in arguments) found.Add(argument);
        found.Finish();
        return found;
    }

    private void Add(string argument)
    {
        if (Directory.Exists(argument))
        {
            AddBelow(argument, _ => true, _ => true);
        }
        else if (!File.Exists(argument) && argument.StartsWith('@'))
        {
            _inputs.AddRange(ListFile.Read(argument[1..]));
            IsFolder = true;
        }
        else if (!File.Exists(argument) && GlobPattern.IsPattern(argument))
        {
            GlobPattern pattern = GlobPattern.Parse(argument);
            if (!Directory.Exists(pattern.Root))
                throw new UsageException($"nothing matches '{argument}': there is no folder '{pattern.Root}'");
            int before = _inputs.Count;
            AddBelow(pattern.Root, pattern.MayContain, pattern.Matches);
            if (_inputs.Count == before) throw new UsageException($"no image matches '{argument}'{Skipped("; skipped: ")}");
        }
        else
        {
            _inputs.Add(new Input(argument, Path.GetFileName(argument)));
        }
    }

    private void AddBelow(string root, Func<string, bool> enters, Func<string, bool> takes)
    {
        IsFolder = true;
        string real = RealPath.Of(root);
        (IReadOnlyList<Input> files, IReadOnlyList<string> notices) =
            FolderWalk.Below(root, name => enters(name) && !IsHidden(name) && Path.Join(real, name) != _output);
        _notices.AddRange(notices);
        foreach (Input file in files)
        {
            if (file.Fault is not null) _inputs.Add(file);
            if (file.Fault is not null || !takes(file.Name)) continue;
            ImageFiles.Kind kind = ImageFiles.Of(file.Path, out string? dicomObject);
            if (kind == ImageFiles.Kind.Image) _inputs.Add(ImageFiles.IsEmpty(file.Path) ? file with { Fault = $"{file.Path}: the file is empty" } : file);
            else _skipped[(int)kind]++;
            if (dicomObject is not null) _dicomObjects[dicomObject] = _dicomObjects.GetValueOrDefault(dicomObject) + 1;
        }
    }

    private void Finish()
    {
        if (_inputs.Count == 0) throw new UsageException($"no image was found{Skipped("; skipped: ")}");
        if (Skipped("skipped: ") is { Length: > 0 } skipped) _notices.Add(skipped);
        var paths = new HashSet<string>();
        _inputs.RemoveAll(input => !paths.Add(Path.GetFullPath(input.Path)));
        if (IsFolder) _inputs.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        IReadOnlyList<string> stems = OutputNames.Of(_inputs);
        for (int i = 0; i < stems.Count; i++) _inputs[i] = _inputs[i] with { Stem = stems[i] };
    }

    private static bool IsHidden(string folder) => folder[(folder.LastIndexOf('/') + 1)..].StartsWith('.');

    private string Skipped(string before)
    {
        string[] parts =
        [
            .. Part(ImageFiles.Kind.Hidden, "hidden"),
            .. Part(ImageFiles.Kind.Output, "masks and other outputs by their names"),
            .. Part(ImageFiles.Kind.DicomObject, $"DICOM objects that are no images to segment ({string.Join(", ", _dicomObjects.Select(o => $"{o.Value} {o.Key}"))})"),
            .. Part(ImageFiles.Kind.Other, "other files"),
        ];
        return parts.Length == 0 ? "" : before + string.Join(", ", parts);

        string[] Part(ImageFiles.Kind kind, string words) => _skipped[(int)kind] is > 0 and int count ? [$"{count} {words}"] : [];
    }
}
