using System.Globalization;
using LungSeg.Engine.Weights;

namespace LungSeg.Models;

/// <summary>
/// What names and shapes of weights cannot tell of a network: options of the library's constructor, how images are prepared, and where two
/// networks fit the same weights, which of them it is. It comes from a user, a folder's config.json, or the metadata of converted weights.
/// </summary>
internal sealed class CheckpointOptions
{
    private static readonly string[] InputNames =
        ["mean", "std", "input_range", "input_space", "encoder_weights", "input_size", "class_names"];

    private readonly List<KeyValuePair<string, string>> _network;
    private readonly float[]? _mean, _std;
    private readonly float _range = 1;
    private readonly bool _isBgr;
    private readonly string? _encoderWeights;

    /// <summary>Nothing is given.</summary>
    public static CheckpointOptions None { get; } = new([], "the option");

    /// <summary>
    /// Takes options by their names; of two with the same name the last counts. Throws <see cref="ArgumentException"/> for what cannot
    /// be.
    /// </summary>
    /// <param name="options">Names and values.</param>
    /// <param name="origin">Where they come from, for people.</param>
    public CheckpointOptions(IEnumerable<KeyValuePair<string, string>> options, string origin)
    {
        var network = new List<KeyValuePair<string, string>>();
        foreach (KeyValuePair<string, string> option in options)
        {
            if (option.Key is null || option.Value is null)
                throw new ArgumentException("a name and a value of each option expected, null found", nameof(options));
            string value = option.Value.Trim();
            switch (option.Key)
            {
                case "architecture" or "_model_class": Architecture = value; break;
                case "encoder_name": Encoder = value; break;
                case "encoder_weights": _encoderWeights = value; break;
                case "mean": (_mean, Origin) = (Numbers(option.Key, value), origin); break;
                case "std": (_std, Origin) = (Numbers(option.Key, value), origin); break;
                case "input_range": _range = Range(value); break;
                case "input_space": (_isBgr, Origin) = (IsBgrWord(value), origin); break;
                case "input_size": InputSize = Size(value); break;
                case "class_names":
                    ClassNames = value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
                    break;
                case "normalisation": IsAssumed = value == "assumed"; break;
                default:
                    string name = NetworkOptionNames.Canonical(option.Key)
                        ?? throw new ArgumentException($"unknown network option '{option.Key}', expected one of {string.Join(", ", All)}");
                    network.RemoveAll(other => other.Key == name);
                    network.Add(new(name, value));
                    break;
            }
        }
        if ((_mean is null) != (_std is null)) throw new ArgumentException("mean and std go together: give both");
        _network = network;
    }

    /// <summary>The names of all options.</summary>
    public static IReadOnlyList<string> All { get; } = [.. NetworkOptionNames.All, "encoder_name", .. InputNames];

    /// <summary>Whether there is an option of this name, or of another name for it.</summary>
    public static bool Has(string name) =>
        All.Contains(name) || NetworkOptionNames.Canonical(name) is not null || name is "architecture" or "_model_class";

    /// <summary>Whether nothing is given.</summary>
    public bool IsEmpty => _network.Count == 0 && Architecture is null && Encoder is null && InputSize is null && Origin is null
        && _encoderWeights is null && ClassNames.Count == 0;

    /// <summary>The architecture by the library's name.</summary>
    public string? Architecture { get; }

    /// <summary>The encoder by the library's name.</summary>
    public string? Encoder { get; }

    /// <summary>The height and width of the images that the network was trained on.</summary>
    public int? InputSize { get; }

    /// <summary>What the classes are, in order; empty where that is not known.</summary>
    public IReadOnlyList<string> ClassNames { get; } = [];

    private string? Origin { get; }

    private bool IsAssumed { get; }

    /// <summary>
    /// The constructor's options with those that are given. Throws <see cref="ArgumentException"/> for a value that cannot be.
    /// </summary>
    public NetworkOptions ApplyTo(NetworkOptions options) =>
        _network.Aggregate(options, (all, option) => all.With(option.Key, option.Value));

    /// <summary>Throws <see cref="WeightException"/> if weights say something else than what is given.</summary>
    public void Check(Network network)
    {
        if (Architecture is not null && Architecture != network.Architecture)
            throw new WeightException($"architecture: the weights are of {network.Architecture}, not of {Architecture}");
        int classes = network.Options.Classes;
        if (ClassNames.Count > 0 && ClassNames.Count != classes)
        {
            throw new WeightException($"class_names: the weights have {classes} {(classes == 1 ? "class" : "classes")}, "
                + $"{ClassNames.Count} names were given: {string.Join(", ", ClassNames)}");
        }
        foreach ((string name, string value) in _network)
        {
            if (NetworkOptionNames.ToText(network.Options.With(name, value)) != NetworkOptionNames.ToText(network.Options))
            {
                throw new WeightException(
                    $"{name}: '{value}' was given, but names and shapes of the weights say "
                        + $"'{NetworkOptionNames.ValueOf(network.Options, name)}'");
            }
        }
    }

    /// <summary>How images are prepared: as given, or as the encoder's published weights were trained.</summary>
    public InputNormalisation Normalisation(Network network)
    {
        InputNormalisation known = InputNormalisation.Of(network.Encoder, _encoderWeights);
        int channels = network.Options.InChannels;
        if (_mean is null || _std is null) return (channels == 3 ? known : Grey(known, channels)) with { IsBgr = _isBgr };
        if (_mean.Length != channels || _std.Length != channels)
            throw new ArgumentException($"mean and std: expected {channels} numbers each, found {_mean.Length} and {_std.Length}");
        return new InputNormalisation([.. _mean.Select(value => value / _range)], [.. _std.Select(value => value / _range)])
        {
            IsBgr = _isBgr,
            Origin = Origin!,
            IsAssumed = IsAssumed,
        };
    }

    // The library does not say what images of other than three channels are; the mean of the three is what a grey image has.
    private static InputNormalisation Grey(InputNormalisation colour, int channels) => new(
        [.. Enumerable.Repeat(colour.Mean.Average(), channels)], [.. Enumerable.Repeat(colour.Std.Average(), channels)])
    {
        Origin = $"the mean of the channels of {colour.Origin}",
        IsAssumed = true,
    };

    private static float[] Numbers(string name, string text)
    {
        var numbers = new List<float>();
        foreach (string item in text.Trim('[', ']', '(', ')').Split(',', StringSplitOptions.TrimEntries))
        {
            bool isNumber = float.TryParse(item, NumberStyles.Float, CultureInfo.InvariantCulture, out float number)
                && float.IsFinite(number);
            if (!isNumber || (name == "std" && number <= 0))
                throw new ArgumentException($"{name}: expected numbers with commas between, found '{text}'");
            numbers.Add(number);
        }
        return [.. numbers];
    }

    // Images are in [0, 1] here: values for larger ones are divided by the range's end.
    private static float Range(string text) => string.Concat(text.Split('[', ']', '(', ')', ' ')) switch
    {
        "0,1" => 1,
        "0,255" => 255,
        _ => throw new ArgumentException($"input_range: expected 0,1 or 0,255, found '{text}'"),
    };

    private static bool IsBgrWord(string text) => text.ToUpperInvariant() switch
    {
        "RGB" => false,
        "BGR" => true,
        _ => throw new ArgumentException($"input_space: expected RGB or BGR, found '{text}'"),
    };

    private static int Size(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int size) && size is > 0 and <= 8192
        ? size : throw new ArgumentException($"input_size: expected a number from 1 to 8192, found '{text}'");
}
