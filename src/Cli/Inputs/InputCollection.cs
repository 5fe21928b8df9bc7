using System.Text;

namespace LungSeg.Cli.Inputs;

/// <summary>
/// An image of a run: its path, and its name, a relative path with '/' that is the same on every machine. The names of its outputs and its
/// shard follow from the name.
/// </summary>
internal sealed record Input(string Path, string Name)
{
    /// <summary>Why it cannot be read, where the search for images has found the reason.</summary>
    public string? Fault { get; init; }

    /// <summary>The beginning of its outputs' names, relative to the output directory, with '/'.</summary>
    public string Stem { get; init; } = "";
}

/// <summary>
/// The images of a command line: files, folders with their subfolders, patterns, lists. An existing file or folder takes precedence over a
/// pattern or list with its name.
/// </summary>
internal sealed class InputCollection
{
    private readonly string _output;
    private readonly List<Input> _inputs = [];
    private readonly List<string> _notices = [];
    private readonly int[] _skipped = new int[Enum.GetValues<ImageFiles.Kind>().Length];

    private readonly SortedDictionary<string, int> _dicomObjects = new(StringComparer.Ordinal);

    private InputCollection(string output) => _output = RealPath.Of(output);

    /// <summary>The images, each once: sorted by name for a folder, pattern or list, else in the order of the command line.</summary>
    public IReadOnlyList<Input> Inputs => _inputs;

    /// <summary>The files that were left out, for the user.</summary>
    public IReadOnlyList<string> Notices => _notices;

    /// <summary>Whether a folder, pattern or list was given, and not only files.</summary>
    public bool IsFolder { get; private set; }

    /// <summary>
    /// Finds the images; throws <see cref="UsageException"/> where there are none, or two would have outputs with the same name.
    /// </summary>
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
                throw new UsageException($"nothing matches '{argument}': the folder '{pattern.Root}' does not exist");
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
            if (kind != ImageFiles.Kind.Image) _skipped[(int)kind]++;
            else _inputs.Add(ImageFiles.IsEmpty(file.Path) ? file with { Fault = $"{file.Path}: the file is empty" } : file);
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
        string objects = string.Join(", ", _dicomObjects.Select(o => $"{o.Value} {o.Key}"));
        string[] parts =
        [
            .. Part(ImageFiles.Kind.Hidden, "hidden"),
            .. Part(ImageFiles.Kind.Output, "masks and other outputs by their names"),
            .. Part(ImageFiles.Kind.DicomObject, $"DICOM objects without an image to segment ({objects})"),
            .. Part(ImageFiles.Kind.Other, "other files"),
        ];
        return parts.Length == 0 ? "" : before + string.Join(", ", parts);

        string[] Part(ImageFiles.Kind kind, string words) => _skipped[(int)kind] is > 0 and int count ? [$"{count} {words}"] : [];
    }
}

/// <summary>
/// A list of images, <c>@FILE</c> or <c>@-</c> for the standard input: one path on each line, relative to the working directory. Empty
/// lines and lines that begin with '#' are skipped.
/// </summary>
internal static class ListFile
{
    private const string StandardInput = "-";

    public static IEnumerable<Input> Read(string path)
    {
        string[] lines;
        try
        {
            // File names that are not UTF-8 would be changed.
            using TextReader text = path == StandardInput
                ? Console.In
                : new StreamReader(path, new UTF8Encoding(false, throwOnInvalidBytes: true));
            lines = text.ReadToEnd().Split('\n');
        }
        catch (DecoderFallbackException e)
        {
            throw new UsageException($"the list '{path}' is not UTF-8 text; a list has one path on each line", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new UsageException($"the list '{path}' cannot be read: {e.Message}", e);
        }
        int nul = Array.FindIndex(lines, line => line.Contains('\0'));
        if (nul >= 0)
        {
            throw new UsageException($"line {nul + 1} of the list '{path}' has a null character; a list has one path on each line, as from "
                + "'find' without -print0");
        }
        return lines
            .Select(line => line.TrimEnd('\r'))
            .Where(line => line.Length > 0 && line[0] != '#')
            .Select(line => new Input(line, NameOf(line)));
    }

    /// <summary>
    /// A listed image's name: its relative path as written. For an absolute path, or one that leaves the working directory, it is the whole
    /// path without its root, as in tar, so that no name depends on the rest of the list.
    /// </summary>
    private static string NameOf(string path)
    {
        string full = Path.GetFullPath(path), relative = Path.GetRelativePath(Environment.CurrentDirectory, full);
        bool leaves = Path.IsPathRooted(path) || relative.Split(Path.DirectorySeparatorChar)[0] == "..";
        string name = leaves ? full[Path.GetPathRoot(full)!.Length..] : relative;
        return name.Replace(Path.DirectorySeparatorChar, '/');
    }
}
