using System.Globalization;
using LungSeg.Engine;
using LungSeg.Engine.Weights;
using LungSeg.IO;

namespace LungSeg.Models;

/// <summary>A weights file and the network that it is for.</summary>
internal sealed record NetworkWeights(Architecture Network, string File, StateDict StateDict)
{
    /// <summary>The file's SHA-256 in lower-case hexadecimal, computed when it is first read.</summary>
    internal Lazy<string> Sha256 { get; init; } = new(() => WeightsHash.OfFile(File));

    /// <summary>What a user gave, by the library's names.</summary>
    internal IReadOnlyList<KeyValuePair<string, string>> Given { get; init; } = [];

    // What a config.json beside the weights says.
    private IReadOnlyList<KeyValuePair<string, string>> Known { get; init; } = [];

    private const string EncoderName = "encoder_name";

    /// <summary>The network that runs when nobody says which.</summary>
    public const string DefaultNetwork = "pan";

    /// <summary>
    /// Opens a weights file, or the one that the weights folder has for a network. A file names its network in its metadata or
    /// is recognised by its keys. Throws <see cref="WeightException"/> or <see cref="CheckpointException"/> with what to do.
    /// </summary>
    /// <param name="network">The network's key; null for what the weights are of, or for the default one.</param>
    /// <param name="file">A file, or a folder that <c>save_pretrained</c> wrote; null for what the weights folder has.</param>
    /// <param name="given">What the file cannot say of its network.</param>
    /// <param name="part">Which of several copies in the file.</param>
    /// <param name="precision">int8 for quantised weights.</param>
    public static NetworkWeights Open(string? network, string? file, IReadOnlyList<KeyValuePair<string, string>>? given = null,
        string? part = null, Precision precision = Precision.Float32)
    {
        if (file is null)
        {
            Architecture architecture = Architectures.Get(network ?? DefaultNetwork);
            file = WeightsFolder.Default.Find(architecture, precision);
            if (given is not { Count: > 0 }) return new NetworkWeights(architecture, file, Checkpoint.Read(file)).In(precision);
        }
        CheckpointFile opened = CheckpointFile.Open(file);
        return Of(network, opened.Path, opened.Weights, opened.Options, given ?? [], part).In(precision);
    }

    /// <summary>Whether the network is computed in integers.</summary>
    internal bool IsQuantized => StateDict.Metadata.ContainsKey(QuantizationTable.MetadataKey);

    private NetworkWeights In(Precision precision) => precision != Precision.Int8 || IsQuantized ? this : throw new WeightException(
        $"'{File}' holds no quantised weights: make some of them with lungseg quantize, or use fp32")
    { Remedy = Remedy.ProvideWeights };

    private static NetworkWeights Of(LungSegmenterOptions options, string name, ReadOnlyMemory<byte> bytes) =>
        Of(options.Network, name, Checkpoint.Read(bytes, name), [], options.NetworkOptions, options.WeightsPart) with
        {
            Sha256 = new Lazy<string>(() => LungSeg.IO.Sha256.TextOf(bytes.Span)),
        };

    private static NetworkWeights Of(
        string? network, string file, StateDict stateDict, IReadOnlyList<KeyValuePair<string, string>> known,
        IReadOnlyList<KeyValuePair<string, string>> given, string? part)
    {
        Architecture? wanted = network is null ? null : Architectures.Get(network);
        string? named = stateDict.Metadata.GetValueOrDefault("network");
        if (wanted is not null && named is not null && wanted.Key != named)
            throw new WeightException($"'{file}' holds weights of the network '{named}', not of '{wanted.Key}'");
        if (part is not null) stateDict = LibraryNames.Find(stateDict, part).Weights;
        return new NetworkWeights(wanted is not null && given.Count == 0 ? wanted
            : Recognise(stateDict, known, given), file, stateDict)
        { Known = known, Given = given };
    }

    /// <summary>Opens the weights that the options name: a file, a stream, memory, or what the weights folder has.</summary>
    internal static NetworkWeights Open(LungSegmenterOptions options)
    {
        int sources = (options.WeightsFile is null ? 0 : 1) + (options.WeightsStream is null ? 0 : 1)
            + (options.WeightsMemory is null ? 0 : 1);
        if (sources > 1)
            throw new ArgumentException($"weights from a file, a stream or memory expected, {sources} of them found", nameof(options));
        if (options.WeightsStream is { } stream)
            return Of(options, "(stream)", Checkpoint.ReadToEnd(stream, "(stream)")).In(options.Precision);
        if (options.WeightsMemory is { } memory) return Of(options, "(memory)", memory).In(options.Precision);
        return Open(options.Network, options.WeightsFile, options.NetworkOptions, options.WeightsPart, options.Precision);
    }

    /// <summary>
    /// The network of weights: what their metadata name, or else what names and shapes tell, with what is known beside them and what a user
    /// gives, which counts before all else.
    /// </summary>
    public static Architecture Recognise(
        StateDict stateDict, IReadOnlyList<KeyValuePair<string, string>> known, IReadOnlyList<KeyValuePair<string, string>> given,
        IReadOnlyList<KeyValuePair<string, string>>? defaults = null)
    {
        IReadOnlyDictionary<string, string> metadata = stateDict.Metadata;
        Architecture? study = Architectures.All.FirstOrDefault(architecture => architecture.Key == metadata.GetValueOrDefault("network"));
        if (study is not null && given.Count == 0) return study;
        try
        {
            List<KeyValuePair<string, string>> all =
                [.. defaults ?? [], .. study is null ? Metadata(metadata) : Metadata(study), .. known, .. given];
            string origin = given.Count > 0 ? "the options given" : known.Count > 0 ? "config.json" : "the file's metadata";
            return Recognition.Of(stateDict, new CheckpointOptions(all, origin));
        }
        catch (Exception e) when (e is ArgumentException or UnknownNetworkException)
        {
            throw new WeightException(e.Message);
        }
    }

    /// <summary>
    /// The same weights with options that count where nothing else says them.
    /// </summary>
    public NetworkWeights WithDefaults(IReadOnlyList<KeyValuePair<string, string>> defaults) =>
        this with { Network = Recognise(StateDict, Known, Given, defaults) };

    /// <summary>
    /// The same weights as other networks that names and shapes fit alike and that nobody chose between, each with the options that choose
    /// it; those nearest to this one first.
    /// </summary>
    public IEnumerable<(NetworkWeights Weights, IReadOnlyList<KeyValuePair<string, string>> Options)> Alternatives()
    {
        IEnumerable<IReadOnlyList<KeyValuePair<string, string>>> choices = [[]];
        foreach ((string name, IReadOnlyList<string> values) in Open())
        {
            choices = [.. choices.SelectMany(choice =>
                values.Select(IReadOnlyList<KeyValuePair<string, string>> (value) => [.. choice, new(name, value)]).Prepend(choice))];
        }
        return choices.Skip(1).OrderBy(choice => choice.Count).Select(choice => (With(choice), choice));
    }

    /// <summary>
    /// The same weights as the network whose mask is so many times as high as this one's; null if an upsampling cannot do that, or one was
    /// given.
    /// </summary>
    public (NetworkWeights Weights, KeyValuePair<string, string> Option)? Scaled(int height, int wanted)
    {
        if (!Network.Untraced.Contains(NetworkOptionNames.Upsampling) || IsGiven(NetworkOptionNames.Upsampling)) return null;
        int upsampling = Network.Upsampling * wanted / height;
        if (upsampling < 1 || upsampling * height != Network.Upsampling * wanted) return null;
        KeyValuePair<string, string> option = new(NetworkOptionNames.Upsampling, upsampling.ToString(CultureInfo.InvariantCulture));
        return (With([option]), option);
    }

    // The values, other than this network's, of what names and shapes leave open: those that the library's users choose.
    private IEnumerable<(string Name, IReadOnlyList<string> Values)> Open()
    {
        if (Network.Encoder.StartsWith("efficientnet-", StringComparison.Ordinal))
            yield return Other(NetworkOptionNames.Padding, "layer", "image");
        IReadOnlyList<string> encoders = NetworkInference.EncodersOf(LibraryNames.Find(StateDict).Weights)?.Names ?? [];
        if (encoders.Contains(Network.Encoder) && !IsGiven(EncoderName))
            yield return (EncoderName, [.. encoders.Where(encoder => encoder != Network.Encoder)]);
        foreach (string name in Network.Untraced)
        {
            if (name == NetworkOptionNames.Interpolation) yield return Other(name, "nearest", "bilinear");
            if (name == NetworkOptionNames.AtrousRates) yield return Other(name, "12,24,36", "6,12,18");
            if (name == NetworkOptionNames.OutputStride) yield return Other(name, [.. Network.OutputStrides.Select(stride => $"{stride}")]);
        }

        (string, IReadOnlyList<string>) Other(string name, params string[] values) =>
            (name, IsGiven(name) ? [] : [.. values.Where(value => !Network.OpenOptions.Contains($"{name}={value}"))]);
    }

    private bool IsGiven(string name) => Given.Any(option => (NetworkOptionNames.Canonical(option.Key) ?? option.Key) == name);

    private NetworkWeights With(IReadOnlyList<KeyValuePair<string, string>> options)
    {
        KeyValuePair<string, string>[] given = [.. Given, .. options];
        return this with { Network = Recognise(StateDict, Known, given), Given = given };
    }

    private static List<KeyValuePair<string, string>> Metadata(IReadOnlyDictionary<string, string> metadata)
    {
        if (!metadata.TryGetValue("architecture", out string? architecture)
            || !metadata.TryGetValue("encoder", out string? encoder)) return [];
        List<KeyValuePair<string, string>> options = [new("architecture", architecture), new(EncoderName, encoder)];
        foreach (string name in (string[])["input_size", "mean", "std", "input_space", "normalisation", "class_names"])
        {
            if (metadata.TryGetValue(name, out string? value)) options.Add(new(name, value));
        }
        return [.. options, .. NetworkOptionNames.Items(metadata.GetValueOrDefault("options", ""))];
    }

    private static IEnumerable<KeyValuePair<string, string>> Metadata(Architecture study) =>
    [
        new("architecture", study.Decoder), new(EncoderName, study.Encoder), new("input_size", $"{study.InputSize}"),
        new("mean", InputNormalisation.Text(study.Normalisation.Mean)), new("std", InputNormalisation.Text(study.Normalisation.Std)),
        .. NetworkOptionNames.Items(NetworkOptionNames.ToText(study.Options)),
    ];
}
