using LungSeg.Engine;
using LungSeg.Engine.Weights;
using LungSeg.IO;

namespace LungSeg.Models;

/// <summary>A folder of converted weights with a <c>manifest.json</c> that says what each file is.</summary>
public sealed class WeightsFolder
{
    /// <summary>The environment variable that names the folder to use instead of the one beside the program.</summary>
    public const string Variable = "LUNGSEG_WEIGHTS";

    /// <summary>How names of quantised weights end.</summary>
    internal const string QuantizedExtension = ".int8.safetensors";

    private const string Manifest = "manifest.json";

    /// <summary>Opens a folder; one that does not exist is empty. Throws <see cref="CheckpointException"/> for a broken manifest.</summary>
    public WeightsFolder(string path) : this(path, [])
    {
    }

    private WeightsFolder(string path, IEnumerable<WeightsEntry> builtIn)
    {
        ArgumentNullException.ThrowIfNull(path);
        Path = path;
        Entries = [.. WeightsManifest.Read(System.IO.Path.Combine(path, Manifest)), .. builtIn];
    }

    /// <summary>
    /// The folder that <see cref="Variable"/> names, or <c>weights</c> beside the program. A native program that carries weights has those
    /// behind the folder's own.
    /// </summary>
    public static WeightsFolder Default => new(
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named
            ? named
            : System.IO.Path.Combine(AppContext.BaseDirectory, "weights"),
        WeightsManifest.Read(BuiltInFiles.PathOf(Manifest))
            .Where(entry => BuiltInFiles.Exists(BuiltInFiles.PathOf(entry.File)))
            .Select(entry => entry with { IsBuiltIn = true }));

    /// <summary>The folder's place.</summary>
    public string Path { get; }

    /// <summary>What the manifest says, in its order; of two files for one network the first is used.</summary>
    public IReadOnlyList<WeightsEntry> Entries { get; private set; }

    /// <summary>Weights files in the folder that the manifest does not know.</summary>
    internal IEnumerable<string> Unlisted => !Directory.Exists(Path) ? [] : Directory
        .EnumerateFiles(Path, "*.safetensors")
        .Select(file => System.IO.Path.GetFileName(file))
        .Except(Entries.Where(entry => !entry.IsBuiltIn).Select(entry => entry.File))
        .Order(StringComparer.Ordinal);

    /// <summary>The place of an entry's file.</summary>
    public string PathOf(WeightsEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return entry.IsBuiltIn ? BuiltInFiles.PathOf(entry.File) : System.IO.Path.Combine(Path, entry.File);
    }

    /// <summary>The manifest's entry of the file for a network; null where there is no file, or the manifest does not know it.</summary>
    internal WeightsEntry? EntryOf(Architecture network) =>
        TryFind(network) is { } path ? Entries.FirstOrDefault(entry => entry.Network == network.Key && PathOf(entry) == path) : null;

    /// <summary>
    /// The file for a network, or null: the manifest's, or else the one that bears the network's key, or else one that is built in.
    /// </summary>
    public string? TryFind(Architecture network) => TryFind(network, Precision.Float32);

    /// <summary>The same in a precision: files of quantised weights end in <see cref="QuantizedExtension"/>.</summary>
    internal string? TryFind(Architecture network, Precision precision)
    {
        ArgumentNullException.ThrowIfNull(network);
        bool quantized = precision == Precision.Int8;
        ILookup<bool, string> listed = Entries
            .Where(entry => entry.Network == network.Key && entry.File.EndsWith(QuantizedExtension, StringComparison.Ordinal) == quantized)
            .ToLookup(entry => entry.IsBuiltIn, PathOf);
        string byKey = System.IO.Path.Combine(Path, $"{network.Key}{(quantized ? QuantizedExtension : ".safetensors")}");
        return listed[false].Append(byKey).Concat(listed[true]).FirstOrDefault(path => File.Exists(path) || BuiltInFiles.Exists(path));
    }

    /// <summary>The same; throws <see cref="WeightException"/> that says how to get one.</summary>
    internal string Find(Architecture network, Precision precision) => precision != Precision.Int8 ? Find(network)
        : TryFind(network, precision) ?? throw new WeightException(
            $"there are no quantised weights of {network.Name} in '{Path}': make '{network.Key}{QuantizedExtension}' there with "
            + $"lungseg quantize {network.Key}, or use fp32")
        { Remedy = Remedy.ProvideWeights };

    /// <summary>The file for a network; throws <see cref="WeightException"/> that says how to get one.</summary>
    public string Find(Architecture network) => TryFind(network) ?? throw new WeightException(
        $"there are no weights of {network.Name} in '{Path}': download the study's weights.pth of {network.Name} from Zenodo "
        + $"(doi:10.5281/zenodo.8393555), convert it and add it to the folder, or name another weights file")
    { Remedy = Remedy.ProvideWeights };

    /// <summary>What is wrong with an entry's file; null where it is there, has the manifest's hash and fits its network.</summary>
    internal string? FaultOf(WeightsEntry entry)
    {
        try
        {
            string path = PathOf(entry);
            if (!entry.IsBuiltIn && !File.Exists(path)) return "is missing";
            string sha256 = WeightsHash.OfFile(path);
            if (sha256 != entry.Sha256) return $"has changed: sha256 {entry.Sha256} expected, {sha256} found";
            Architectures.Get(entry.Network).Load(Checkpoint.Read(path));
            return null;
        }
        catch (LungSegException e)
        {
            return e.Message;
        }
    }

    /// <summary>
    /// Copies a file into the folder and puts it first in the manifest. Throws <see cref="CheckpointException"/> if a file of
    /// that name is there already and <paramref name="overwrite"/> is false.
    /// </summary>
    internal void Add(string file, WeightsEntry entry, bool overwrite)
    {
        ArgumentNullException.ThrowIfNull(file);
        string target = PathOf(entry);
        bool inPlace = System.IO.Path.GetFullPath(file) == System.IO.Path.GetFullPath(target);
        if (!inPlace && File.Exists(target) && !overwrite)
            throw new CheckpointException($"'{target}' is there already: rename the new file, or allow the old one to be replaced")
            {
                Remedy = Remedy.Overwrite,
            };
        try
        {
            Directory.CreateDirectory(Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new FileException($"the weights folder '{Path}' cannot be made: {e.Message}", e);
        }
        if (!inPlace) AtomicFile.Copy(file, target);
        Entries = [entry, .. Entries.Where(other => other.IsBuiltIn || other.File != entry.File)];
        WeightsManifest.Write(System.IO.Path.Combine(Path, Manifest), [.. Entries.Where(known => !known.IsBuiltIn)]);
    }
}
