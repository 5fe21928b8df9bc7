using System.Globalization;

namespace LungSeg.Models;

/// <summary>
/// The options by the names of the library's constructors, as text: for a command line, and for a file's metadata, where they stand as
/// <c>classes=4;decoder_attention_type=scse</c>.
/// </summary>
internal static class NetworkOptionNames
{
    private sealed record Entry(string Name, Func<NetworkOptions, object?> Get, Func<NetworkOptions, string, NetworkOptions> Set,
        params string[] Aliases);

    /// <summary>How EfficientNets pad, which is no option of the library: its versions differ.</summary>
    public const string Padding = "efficientnet_padding";

    /// <summary>Options of single architectures that leave no trace in names and shapes.</summary>
    public const string OutputStride = "encoder_output_stride", AtrousRates = "decoder_atrous_rates",
        Interpolation = "decoder_interpolation", Upsampling = "upsampling";

    private static readonly Entry[] Entries =
    [
        new("in_channels", o => o.InChannels, (o, text) => o with { InChannels = Number(text, 1, 256) }),
        new("classes", o => o.Classes, (o, text) => o with { Classes = Number(text, 1, 256) }),
        new("activation", o => Word(o.Activation), (o, text) => o with { Activation = Activation(text) }),
        new("encoder_depth", o => o.EncoderDepth, (o, text) => o with { EncoderDepth = Number(text, 3, 5) }),
        new(OutputStride, o => o.EncoderOutputStride, (o, text) => o with { EncoderOutputStride = Number(text, 8, 32) }),
        new("decoder_channels", o => List(o.DecoderChannels), (o, text) => o with { DecoderChannels = Numbers(text) }),
        new(
            "decoder_use_norm", o => Word(o.DecoderNorm),
            (o, text) => o with { DecoderNorm = Norm(text) },
            "decoder_use_batchnorm", "psp_use_batchnorm"),
        new(
            "decoder_attention_type", o => o.DecoderAttention ? "scse" : "none",
            (o, text) => o with { DecoderAttention = Choice(text, "scse", "none") == 0 }),
        new(
            Interpolation, o => o.BilinearDecoder is not bool bilinear ? null : bilinear ? "bilinear" : "nearest",
            (o, text) => o with { BilinearDecoder = Choice(text, "bilinear", "nearest") == 0 }, "upscale_mode"),
        new("decoder_pyramid_channels", o => o.PyramidChannels, (o, text) => o with { PyramidChannels = Number(text, 1, 4096) }),
        new("decoder_segmentation_channels", o => o.SegmentationChannels,
            (o, text) => o with { SegmentationChannels = Number(text, 1, 4096) }),
        new(
            "decoder_merge_policy", o => o.MergeByConcatenation ? "cat" : "add",
            (o, text) => o with { MergeByConcatenation = Choice(text, "cat", "add") == 0 }),
        new(AtrousRates, o => List(o.AtrousRates), (o, text) => o with { AtrousRates = Numbers(text) }),
        new("decoder_aspp_separable", o => o.AsppSeparable is bool separable ? Word(separable) : null,
            (o, text) => o with { AsppSeparable = Truth(text) }),
        new("decoder_pab_channels", o => o.PabChannels, (o, text) => o with { PabChannels = Number(text, 1, 4096) }),
        new("psp_out_channels", o => o.PspChannels, (o, text) => o with { PspChannels = Number(text, 1, 4096) }),
        new(Upsampling, o => o.Upsampling, (o, text) => o with { Upsampling = Number(text, 1, 64) }),
        new("aux_classes", o => o.Label?.Classes, (o, text) => o with { Label = Label(o) with { Classes = Number(text, 1, 4096) } }),
        new(
            "aux_pooling", o => o.Label is null ? null : o.Label.Pooling == LabelPooling.Max ? "max" : "avg",
            (o, text) => o with { Label = Label(o) with { Pooling = Choice(text, "avg", "max") == 0 ? LabelPooling.Average
                : LabelPooling.Max } }),
        new(
            "aux_activation", o => o.Label is null ? null : Word(o.Label.Activation),
            (o, text) => o with { Label = Label(o) with { Activation = Activation(text) } }),
        new(
            Padding, o => o.EfficientNetPadding == EfficientNetPadding.OfImage ? "image" : "layer",
            (o, text) => o with { EfficientNetPadding = Choice(text, "layer", "image") == 0 ? EfficientNetPadding.OfLayer
                : EfficientNetPadding.OfImage }),
    ];

    /// <summary>The first name of an option, by any of its names; null if the library's constructors have none such.</summary>
    public static string? Canonical(string name) => Find(name)?.Name;

    /// <summary>An option's value as text; "none" where it has none.</summary>
    public static string ValueOf(NetworkOptions options, string name) =>
        Convert.ToString(Find(name)?.Get(options), CultureInfo.InvariantCulture) is { Length: > 0 } text ? text : "none";

    /// <summary>All names, in the order in which they are written.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Entries.Select(entry => entry.Name)];

    /// <summary>
    /// The options with one of them set. Throws <see cref="ArgumentException"/> for a name that the library does not have and for a value
    /// that it does not take, with those that it does.
    /// </summary>
    public static NetworkOptions With(this NetworkOptions options, string name, string value)
    {
        Entry entry = Find(name)
            ?? throw new ArgumentException($"unknown network option '{name}', expected one of {string.Join(", ", All)}");
        try
        {
            return entry.Set(options, value.Trim());
        }
        catch (FormatException e)
        {
            throw new ArgumentException($"{name}: expected {e.Message}, found '{value}'", e);
        }
    }

    /// <summary>The options that differ from the defaults, as <c>name=value</c> with semicolons between; empty for none.</summary>
    public static string ToText(NetworkOptions options)
    {
        var byDefault = new NetworkOptions();
        return string.Join(';', Entries.Where(entry => !Equals(entry.Get(options), entry.Get(byDefault)) && entry.Get(options) is not null)
            .Select(entry => string.Create(CultureInfo.InvariantCulture, $"{entry.Name}={entry.Get(options)}")));
    }

    /// <summary>Reads what <see cref="ToText"/> wrote; throws <see cref="ArgumentException"/> for anything else.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Items(string text) =>
        text.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(
        item => item.Split('=', 2) is [string name, string value] ? new KeyValuePair<string, string>(name, value)
            : throw new ArgumentException($"expected NAME=VALUE, found '{item}'"));

    private static Entry? Find(string name) => Entries.FirstOrDefault(entry => entry.Name == name || entry.Aliases.Contains(name));

    private static LabelOptions Label(NetworkOptions options) => options.Label ?? new LabelOptions(1);

    private static string? List(IReadOnlyList<int>? numbers) => numbers is null ? null : string.Join(',', numbers);

    private static string Word(bool value) => value ? "true" : "false";

    private static string Word(OutputActivation activation) => activation switch
    {
        OutputActivation.Sigmoid => "sigmoid",
        OutputActivation.Softmax => "softmax",
        _ => "none",
    };

    private static OutputActivation Activation(string text) =>
        (OutputActivation)Choice(text switch { "softmax2d" => "softmax", "identity" => "none", _ => text }, "sigmoid", "softmax", "none");

    // Of the library's other norms there was no output to compare with.
    private static bool Norm(string text) => Choice(text.ToLowerInvariant(), "true", "batchnorm", "false", "identity") < 2;

    private static bool Truth(string text) => Choice(text.ToLowerInvariant(), "true", "false") == 0;

    private static int Choice(string text, params string[] words) => Array.IndexOf(words, text) is >= 0 and int index
        ? index : throw new FormatException(string.Join(" or ", words));

    private static int Number(string text, int minimum, int maximum) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= minimum && number <= maximum
            ? number : throw new FormatException($"a number from {minimum} to {maximum}");

    private static int[] Numbers(string text) => [.. text.Trim('[', ']', '(', ')').Split(',').Select(item => Number(item.Trim(), 1, 4096))];
}
