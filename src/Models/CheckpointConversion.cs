using System.Globalization;
using LungSeg.Engine;
using LungSeg.Engine.Weights;
using LungSeg.IO;

namespace LungSeg.Models;

/// <summary>How a checkpoint is converted.</summary>
public sealed record ConversionOptions
{
    /// <summary>The network that the weights must fit; null to recognise it.</summary>
    public string? Network { get; init; }

    /// <summary>
    /// Options that names and shapes of weights cannot tell, by the library's names, such as <c>activation</c> or
    /// <c>encoder_output_stride</c>; with any of them the network is taken for one of the library's, not for one of the nine.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, string>> Options
    {
        get;
        init => field = value ?? throw new ArgumentNullException(nameof(value));
    } = [];

    /// <summary>
    /// What stands before the keys of the wanted network in a checkpoint that holds several, such as the averaged copy's <c>ema</c>; null
    /// where there is but one.
    /// </summary>
    public string? Part { get; init; }

    /// <summary>The element type on disk.</summary>
    public DType DType { get; init; } = DType.Float32;

    /// <summary>Whether weights of anything else than the nine networks are welcome.</summary>
    public bool Any { get; init; }

    /// <summary>Whether a file that is there already is replaced.</summary>
    public bool Overwrite { get; init; }
}

/// <summary>What a conversion found and wrote.</summary>
/// <param name="File">The file that was written.</param>
/// <param name="Network">The network that the weights fit; null only for <see cref="ConversionOptions.Any"/>.</param>
/// <param name="Source">The checkpoint, opened.</param>
/// <param name="Sha256">The checkpoint's hash.</param>
/// <param name="StudyFile">The network whose published file the checkpoint is, or null.</param>
/// <param name="Rounding">What rounding lost.</param>
/// <param name="Prefix">What stood before every key of the network; empty for nothing.</param>
/// <param name="LeftOut">Keys of the checkpoint that belong to no network and were not written.</param>
public sealed record Conversion(
    string File, Architecture? Network, StateDict Source, string Sha256, Architecture? StudyFile, RoundingReport Rounding, string Prefix,
    IReadOnlyList<string> LeftOut);

/// <summary>Turns checkpoints into safetensors with PyTorch's keys: the same input gives the same bytes.</summary>
public static class CheckpointConversion
{
    /// <summary>
    /// Converts a checkpoint, by default to <c>KEY.safetensors</c> in the current directory. Throws <see cref="EngineException"/>
    /// when it cannot be read, fits no network, loses values to overflow, or would replace a file, and <see cref="FileException"/> when the
    /// target cannot be written.
    /// </summary>
    public static Conversion Run(string checkpoint, string? output = null, ConversionOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        options ??= new ConversionOptions();
        CheckpointFile file = CheckpointFile.Open(checkpoint);
        StateDict source = file.Weights;
        NetworkPart part = options.Any ? Floats(source) : LibraryNames.Find(source, options.Part);
        Architecture? network = FindNetwork(part.Weights, options, file);
        string target = output ?? $"{network?.Key ?? Path.GetFileNameWithoutExtension(checkpoint)}.safetensors";
        if (Path.GetFullPath(target) == Path.GetFullPath(file.Path))
            throw new CheckpointException($"'{target}' would replace the checkpoint that is read: name another file")
            {
                Remedy = Remedy.NameOutput,
            };
        if (Directory.Exists(target))
            throw new CheckpointException($"'{target}' is a directory: name a file") { Remedy = Remedy.NameOutput };
        if (File.Exists(target) && !options.Overwrite)
            throw new CheckpointException($"'{target}' is there already: name another file, or allow it to be replaced")
            {
                Remedy = Remedy.NameOutputOrOverwrite,
            };

        (string name, string sha256) = WeightsHash.OfCheckpoint(file.Path, source);
        Architecture? study = WeightsHash.StudyFile(sha256);
        SortedDictionary<string, string> metadata = Metadata(network, options.DType, name, sha256, study);
        if (part.Prefix.Length > 0) metadata["source_part"] = part.Prefix;
        StateDict weights = network is null ? part.Weights : LibraryNames.Fitting(part.Weights, network);
        RoundingReport rounding = Write(target, weights, metadata, options.DType);
        return new Conversion(target, network, source, sha256, study, rounding, part.Prefix, part.LeftOut);
    }

    // What nobody trained says nothing without its network: counters, positions, indices.
    private static NetworkPart Floats(StateDict source) => new(
        new StateDict(source.Where(parameter => parameter.StoredAs.IsFloatingPoint()), source.Metadata) { Format = source.Format },
        [.. source.Where(parameter => !parameter.StoredAs.IsFloatingPoint()).Select(parameter => parameter.Key)], "");

    private static Architecture? FindNetwork(StateDict source, ConversionOptions options, CheckpointFile file)
    {
        if (options.Network is { } key)
        {
            if (options.Options.Count > 0)
                throw new WeightException($"{key} has its options as one of the nine: name a network, or options");
            Architecture wanted = Architectures.Get(key);
            wanted.Load(source);
            return wanted;
        }
        if (source.Count == 0) throw new WeightException("the checkpoint holds no weights");
        return options.Any ? null : NetworkWeights.Recognise(source, file.Options, options.Options);
    }

    // Infinite weights are no weights: the file takes its name only when none overflowed.
    private static RoundingReport Write(string target, StateDict source, SortedDictionary<string, string> metadata, DType dtype)
    {
        RoundingReport? report = null;
        AtomicFile.Write(target, stream =>
        {
            report = Safetensors.Write(stream, source, metadata, dtype);
            if (report.Overflows > 0)
            {
                throw new WeightException(
                    $"{report.Overflows} values are beyond the range of {Name(dtype)}, the first in '{report.OverflowKey}': store them as "
                        + "bf16 or fp32")
                { Remedy = Remedy.WiderType };
            }
        });
        return report!;
    }

    /// <summary>What a file's header says of a network and of where its weights come from.</summary>
    internal static SortedDictionary<string, string> Metadata(
        Architecture? network, DType dtype, string sourceFile, string sha256, Architecture? study)
    {
        SortedDictionary<string, string> metadata = new(StringComparer.Ordinal)
        {
            ["converter"] = $"lungseg {ProductVersion.Number}",
            ["dtype"] = Name(dtype),
            ["source_file"] = sourceFile,
            ["source_sha256"] = sha256,
            ["study_file"] = study is null ? "no" : "yes",
        };
        if (network is null) return metadata;
        metadata["network"] = network.Key;
        metadata["encoder"] = network.Encoder;
        if (!network.IsOfStudy)
        {
            metadata["architecture"] = network.Decoder;
            metadata["options"] = NetworkOptionNames.ToText(network.Options);
            if (network.ClassNames.Count > 0) metadata["class_names"] = string.Join(',', network.ClassNames);
            metadata["input_space"] = network.Normalisation.IsBgr ? "BGR" : "RGB";
            metadata["normalisation"] = network.Normalisation.IsAssumed ? "assumed" : network.Normalisation.Origin;
        }
        if (!network.HasAssumedSize) metadata["input_size"] = network.InputSize.ToString(CultureInfo.InvariantCulture);
        metadata["mean"] = InputNormalisation.Text(network.Normalisation.Mean);
        metadata["std"] = InputNormalisation.Text(network.Normalisation.Std);
        metadata["threshold"] = "0.5";
        return metadata;
    }

    private static string Name(DType dtype) =>
        dtype switch { DType.Float16 => "fp16", DType.BFloat16 => "bf16", DType.Int8 => "int8", _ => "fp32" };
}
