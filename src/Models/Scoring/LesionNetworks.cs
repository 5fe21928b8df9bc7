namespace LungSeg.Models.Scoring;

/// <summary>
/// The nine networks of the study's second stage, which find lesions: its table of results has these pairs, all at 480 x 480.
/// </summary>
internal static class LesionNetworks
{
    private static readonly (string Decoder, string Encoder)[] Published =
    [
        ("Unet", "dpn98"), ("UnetPlusPlus", "timm-regnety_032"), ("DeepLabV3", "efficientnet-b2"), ("DeepLabV3Plus", "timm-regnetx_032"),
        ("FPN", "efficientnet-b0"), ("Linknet", "efficientnet-b0"), ("PSPNet", "efficientnet-b0"), ("PAN", "se_resnet50"),
        ("MAnet", "timm-regnetx_064"),
    ];

    /// <summary>Whether a network is one of the nine.</summary>
    public static bool Has(Architecture network) => Published.Contains((network.Decoder, network.Encoder));

    /// <summary>
    /// What the study gave their constructors and no checkpoint says. Its EfficientNets are those of efficientnet-pytorch 0.6.3, trained
    /// from
    /// the weights of ImageNet.
    /// </summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Options(Architecture network) =>
    [
        new("input_size", "480"), new(NetworkOptionNames.Padding, "image"), new("encoder_weights", "imagenet"),
        .. network.Options.Label is null ? [] : (KeyValuePair<string, string>[])[new("aux_activation", "sigmoid")],
    ];
}
