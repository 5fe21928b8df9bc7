using LungSeg.Engine;
using LungSeg.Engine.Weights;

namespace LungSeg.Models;

/// <summary>
/// A network: what it is, how to trace it, and, for one of the nine, what the study published about it. Others are networks of
/// segmentation_models_pytorch that a checkpoint was recognised as.
/// </summary>
public sealed class Architecture
{
    private const int StudyMultiple = 32;

    // Of a network that is not the study's, no file says the size that it was trained at.
    private const int AssumedSize = 512;

    private static readonly Dictionary<string, string> Names = new()
    {
        ["Unet"] = "U-Net",
        ["UnetPlusPlus"] = "U-Net++",
        ["DeepLabV3Plus"] = "DeepLabV3+",
        ["MAnet"] = "MA-Net",
    };

    private readonly Lazy<Network> _network;
    private readonly int _multiple;
    private readonly Lazy<(Graph Graph, IReadOnlyList<LayoutEntry> Layout)> _native;

    internal Architecture(string decoder, string encoder, NetworkOptions options)
    {
        (_network, _multiple) = (new(() => new Network(decoder, encoder, options)), StudyMultiple);
        MinimumSize = _multiple;
        _native = new(TraceNative);
    }

    /// <summary>A network of the library that is none of the nine, with what is known beside its weights.</summary>
    [System.Diagnostics.CodeAnalysis.SetsRequiredMembers]
    internal Architecture(Network network, CheckpointOptions given)
    {
        (_network, _multiple) = (new(network), network.Multiple);
        Key = $"{network.Architecture.ToLowerInvariant()}-{network.Encoder}";
        Name = Names.GetValueOrDefault(network.Architecture, network.Architecture);
        (InputSize, HasAssumedSize) = (given.InputSize ?? AssumedSize, given.InputSize is null);
        ClassNames = given.ClassNames;
        (Normalisation, MinimumSize) =
            (given.Normalisation(network), network.Architecture == "PAN" ? 8 * network.Multiple : network.Multiple);
        _native = new(TraceNative);
    }

    // The same network with another last layer.
    [System.Diagnostics.CodeAnalysis.SetsRequiredMembers]
    private Architecture(Architecture other, OutputActivation activation)
    {
        (_network, _multiple) =
            (new(() => new Network(other.Decoder, other.Encoder, other.Options with { Activation = activation })), other._multiple);
        (Key, Name, InputSize, MinimumSize) = (other.Key, other.Name, other.InputSize, other.MinimumSize);
        (HasAssumedSize, Normalisation, ClassNames) = (other.HasAssumedSize, other.Normalisation, other.ClassNames);
        _native = new(TraceNative);
    }

    /// <summary>The name that commands and files use, such as <c>deeplabv3plus</c>.</summary>
    public required string Key { get; init; }

    /// <summary>The name in the literature, such as DeepLabV3+.</summary>
    public required string Name { get; init; }

    /// <summary>The encoder, by the reference implementation's name.</summary>
    public string Encoder => Network.Encoder;

    /// <summary>
    /// The height and width that the study trained and ran the network at; 512 for another network, whose checkpoint does not say.
    /// </summary>
    public required int InputSize { get; init; }

    /// <summary>The smallest height and width that the network takes.</summary>
    public int MinimumSize { get; init; }

    /// <summary>The study's table 2; null for a network that is not the study's.</summary>
    public PublishedFigures? Published { get; init; }

    /// <summary>The study's weights file; null for a network that is not the study's.</summary>
    public StudyCheckpoint? StudyCheckpoint { get; init; }

    /// <summary>How the study trained the network; null for a network that is not the study's.</summary>
    public TrainingRecipe? Training { get; init; }

    /// <summary>The architecture by the library's name, such as <c>DeepLabV3Plus</c>.</summary>
    public string Decoder => Network.Architecture;

    /// <summary>The options of the library's constructor.</summary>
    public NetworkOptions Options => Network.Options;

    /// <summary>Options that the architecture takes and that leave no trace in names and shapes of weights.</summary>
    internal IReadOnlyList<string> Untraced => Network.Untraced;

    /// <summary>Output strides that the architecture takes with this encoder.</summary>
    internal IReadOnlyList<int> OutputStrides => Network.OutputStrides;

    /// <summary>
    /// What names and shapes of weights leave open, as NAME=VALUE with this network's values, defaults spelt out.
    /// </summary>
    internal IReadOnlyList<string> OpenOptions => [.. Network.OpenOptions.Select(option => $"{option.Key}={option.Value}")];

    /// <summary>The factor between the decoder's map and the mask.</summary>
    internal int Upsampling => Network.Upsampling;

    /// <summary>Whether this is one of the study's nine networks.</summary>
    public bool IsOfStudy => Published is not null;

    /// <summary>What the classes are, in order; empty where no file says it.</summary>
    public IReadOnlyList<string> ClassNames { get; } = [];

    /// <summary>
    /// Whether the network finds lungs, so that a mask has two parts at most: the nine, and those whose class is called so.
    /// </summary>
    public bool FindsLungs => IsOfStudy || ClassNames is ["lung" or "lungs"];

    /// <summary>How an image becomes the network's input.</summary>
    public InputNormalisation Normalisation { get; } = InputNormalisation.ImageNet;

    /// <summary>Whether nothing says that <see cref="InputSize"/> is what the network was trained at.</summary>
    public bool HasAssumedSize { get; }

    /// <summary>
    /// The network with probabilities as its output. Many are trained without a last layer, which the loss has instead; their masks are
    /// cut from the probabilities all the same.
    /// </summary>
    internal Architecture WithProbabilities() => Options.Activation != OutputActivation.None ? this
        : new Architecture(this, Options.Classes == 1 ? OutputActivation.Sigmoid : OutputActivation.Softmax);

    /// <summary>What was assumed where nothing said it, for people; empty for the nine.</summary>
    public IReadOnlyList<string> Assumptions =>
    [
        .. HasAssumedSize ? [$"an input of {InputSize} x {InputSize}"] : Array.Empty<string>(),
        .. Normalisation.IsAssumed ? [$"{Normalisation}"] : Array.Empty<string>(),
    ];

    // Of a table of nine, a program runs one: the others are not built.
    private Network Network => _network.Value;

    /// <summary>The weights of a checkpoint in its order, those included that the network never reads.</summary>
    internal IReadOnlyList<LayoutEntry> Layout => _native.Value.Layout;

    /// <summary>The number of learned weights, counted as PyTorch does: with unused modules, without running statistics.</summary>
    public long ParameterCount => Layout.Where(entry => !entry.IsBuffer).Sum(entry => entry.Count);

    /// <summary>Multiply-accumulates for one image of <see cref="InputSize"/>.</summary>
    public long Macs => _native.Value.Graph.Macs;

    /// <summary>
    /// Traces the network for images of the given number and size, by default one of <see cref="InputSize"/>. Throws
    /// <see cref="ShapeException"/> for a size that the network does not take.
    /// </summary>
    internal Graph Record(IWeightSource weights, int n = 1, int? height = null, int? width = null)
    {
        var input = new Shape(n, Options.InChannels, height ?? InputSize, width ?? InputSize);
        CheckSize(input);
        return Graph.Record(input, Network.Build(weights));
    }

    /// <summary>
    /// Traces the network with a checkpoint's weights; throws <see cref="WeightException"/> unless they fit exactly. Quantised weights
    /// give a network that is computed in integers.
    /// </summary>
    public Graph Load(StateDict stateDict) => Load(stateDict, 1);

    /// <summary>The same for images of the given number and size, by default one of <see cref="InputSize"/>.</summary>
    internal Graph Load(StateDict stateDict, int n, int? height = null, int? width = null)
    {
        ArgumentNullException.ThrowIfNull(stateDict);
        if (NetworkQuantization.Of(stateDict) is NetworkQuantization quantization)
        {
            Graph quantized = Record(NetworkQuantization.Source(stateDict), n, height, width);
            quantization.Check(quantized);
            return quantized.WithQuantization(quantization);
        }
        var weights = new StrictWeights(LibraryNames.Fitting(LibraryNames.Find(stateDict).Weights, this));
        Graph graph = Record(weights, n, height, width);
        weights.Check(graph);
        return graph;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} ({Key}), encoder {Encoder}, input {InputSize} x {InputSize}";

    /// <summary>Throws <see cref="ShapeException"/> unless the network takes images of this shape.</summary>
    public void CheckSize(Shape input)
    {
        if (input.C != Options.InChannels) throw new ShapeException($"{Name}: expected {Options.InChannels} channels, found {input}");
        if (input.N < 1) throw new ShapeException($"{Name}: expected at least one image, found {input}");
        if (!Fits(input.H) || !Fits(input.W))
        {
            throw new ShapeException(
                $"{Name}: expected a height and width that are multiples of {_multiple} and at least {MinimumSize}, "
                + $"found {input.H} x {input.W}; change it, for example to {Nearest(input.H)} x {Nearest(input.W)}");
        }
    }

    /// <summary>Whether the network takes images of this shape.</summary>
    internal bool Takes(Shape input) => input.C == Options.InChannels && input.N > 0 && Fits(input.H) && Fits(input.W);

    private bool Fits(int size) => size >= MinimumSize && size % _multiple == 0;

    private int Nearest(int size) =>
        Math.Max((int)Math.Round((double)size / _multiple, MidpointRounding.AwayFromZero) * _multiple, MinimumSize);

    private (Graph Graph, IReadOnlyList<LayoutEntry> Layout) TraceNative()
    {
        var recorder = new LayoutRecorder();
        Graph graph = Record(recorder);
        HashSet<string> read = [.. graph.Parameters.Select(parameter => parameter.Key)];
        return (graph, [.. recorder.Asked.Select(asked => new LayoutEntry(asked.Key, asked.Dims, read.Contains(asked.Key)))]);
    }
}
