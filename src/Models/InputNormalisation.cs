using System.Globalization;

namespace LungSeg.Models;

/// <summary>
/// How an image becomes a network's input: what is subtracted from its channels, and what they are divided by. No checkpoint says it, and
/// wrong values give wrong masks without an error.
/// </summary>
/// <param name="Mean">What is subtracted from each channel of an image in [0, 1].</param>
/// <param name="Std">What each channel is divided by after that.</param>
public sealed record InputNormalisation(IReadOnlyList<float> Mean, IReadOnlyList<float> Std)
{
    // Weights that the library publishes were trained with these; all others with ImageNet's (its get_preprocessing_params, version 0.3.3).
    private static readonly InputNormalisation Half = new([0.5f, 0.5f, 0.5f], [0.5f, 0.5f, 0.5f]);

    private static readonly InputNormalisation Dpn = new(
        [(float)(124 / 255.0), (float)(117 / 255.0), (float)(104 / 255.0)],
        [(float)(1 / (0.0167 * 255)), (float)(1 / (0.0167 * 255)), (float)(1 / (0.0167 * 255))]);

    /// <summary>The values of most networks that were trained on ImageNet.</summary>
    public static InputNormalisation ImageNet { get; } = new([0.485f, 0.456f, 0.406f], [0.229f, 0.224f, 0.225f]);

    /// <summary>What is subtracted from each channel of an image in [0, 1].</summary>
    public IReadOnlyList<float> Mean { get; init => field = value ?? throw new ArgumentNullException(nameof(value)); } =
        Mean ?? throw new ArgumentNullException(nameof(Mean));

    /// <summary>What each channel is divided by after that.</summary>
    public IReadOnlyList<float> Std { get; init => field = value ?? throw new ArgumentNullException(nameof(value)); } =
        Std ?? throw new ArgumentNullException(nameof(Std));

    /// <summary>Whether the first channel is blue and not red.</summary>
    public bool IsBgr { get; init; }

    /// <summary>Where the values come from, for people.</summary>
    public string Origin { get; init; } = "the study";

    /// <summary>Whether nothing says that the values are right.</summary>
    public bool IsAssumed { get; init; }

    /// <summary>What the channels are, in their order.</summary>
    internal string Space => Mean.Count == 1 ? "grey" : IsBgr ? "BGR" : "RGB";

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Space}, mean {Text(Mean)}, std {Text(Std)}, from {Origin}";

    /// <summary>Numbers as the metadata of weights has them: <c>[0.485, 0.456, 0.406]</c>.</summary>
    internal static string Text(IEnumerable<float> values) =>
        $"[{string.Join(", ", values.Select(value => value.ToString(CultureInfo.InvariantCulture)))}]";

    /// <summary>
    /// The values that the library's published weights of an encoder were trained with.
    /// </summary>
    /// <param name="encoder">The encoder by the library's name.</param>
    /// <param name="weights">Which published weights, such as <c>imagenet</c> or <c>advprop</c>; null where that is not known.</param>
    internal static InputNormalisation Of(string encoder, string? weights = null)
    {
        if (encoder.StartsWith("dpn", StringComparison.Ordinal)) return Dpn with { Origin = $"the library's weights of {encoder}" };
        if (encoder.StartsWith("inception", StringComparison.Ordinal) || encoder == "xception"
            || encoder.StartsWith("timm-tf_efficientnet_lite", StringComparison.Ordinal))
            return Half with { Origin = $"the library's weights of {encoder}" };
        bool isEfficientNet = encoder.Contains("efficientnet-b", StringComparison.Ordinal);
        if (isEfficientNet && weights == "advprop") return Half with { Origin = $"the library's advprop weights of {encoder}" };
        if (isEfficientNet && weights is null)
        {
            string origin = $"the library's imagenet weights of {encoder}; its advprop weights have 0.5";
            return ImageNet with { Origin = origin, IsAssumed = true };
        }
        return encoder.StartsWith("tu-", StringComparison.Ordinal)
            ? ImageNet with { Origin = "ImageNet, as nothing else is known", IsAssumed = true }
            : ImageNet with { Origin = $"the library's weights of {encoder}" };
    }
}
