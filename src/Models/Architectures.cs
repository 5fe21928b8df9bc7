using LungSeg.Engine.Weights;

namespace LungSeg.Models;

/// <summary>The nine networks of the study (V. Danilov et al., github.com/ViacheslavDanilov/covid_scoring).</summary>
public static class Architectures
{
    /// <summary>The images that the study trained and tested on.</summary>
    public const string TrainingData =
        "Darwin (6106 images), Montgomery (138), Shenzhen (566); split into 5446 for training, 682 for validation, 682 for testing";

    // efficientnet-pytorch 0.6.3, which the study had, pads for the nominal image size.
    private static readonly NetworkOptions StudyOptions = new() { EfficientNetPadding = EfficientNetPadding.OfImage };

    /// <summary>All nine, in the order of the study's table 2.</summary>
    public static IReadOnlyList<Architecture> All { get; } =
    [
        new("Unet", "se_resnext101_32x4d", StudyOptions)
        {
            Key = "unet",
            Name = "U-Net",
            InputSize = 384,
            Published = new(MillionParameters: 55.9, GigaMacs: 35.6, Dice: 0.962),
            StudyCheckpoint = new(224545777, "1ba613b3d2983520f6b64a0f95c6152fce74e0de76cb37e25021782476698de4"),
            Training = new("BCE", "Adam", 1e-4),
        },
        new("UnetPlusPlus", "efficientnet-b1", StudyOptions)
        {
            Key = "unetplusplus",
            Name = "U-Net++",
            InputSize = 384,
            Published = new(MillionParameters: 9.1, GigaMacs: 11.5, Dice: 0.960),
            StudyCheckpoint = new(36806447, "e60263c97cf4c2baaa009f3b234aca61fa1da91b4350200e34982bc9b9f4edfc"),
            Training = new("Jaccard", "Adam-AMSGrad", 1e-3),
        },
        new("DeepLabV3", "efficientnet-b0", StudyOptions)
        {
            Key = "deeplabv3",
            Name = "DeepLabV3",
            InputSize = 512,
            Published = new(MillionParameters: 7.3, GigaMacs: 13.4, Dice: 0.961),
            StudyCheckpoint = new(29553297, "bc07dd6929fa1f2328b39e15fb7fdde8984007c7d9974bcc22e7c20e5df9d13c"),
            Training = new("Dice", "AdamW-AMSGrad", 5e-4),
        },
        new("DeepLabV3Plus", "efficientnet-b1", StudyOptions)
        {
            Key = "deeplabv3plus",
            Name = "DeepLabV3+",
            InputSize = 512,
            Published = new(MillionParameters: 7.4, GigaMacs: 2.2, Dice: 0.963),
            StudyCheckpoint = new(30133598, "44a564ccc28d978b61e31651f00ea15f3a8ac5590fa91a07de89d441385baca4"),
            Training = new("BCE", "AdamW", 5e-4),
        },
        new("FPN", "efficientnet-b0", StudyOptions)
        {
            Key = "fpn",
            Name = "FPN",
            InputSize = 544,
            Published = new(MillionParameters: 5.8, GigaMacs: 9.1, Dice: 0.962),
            StudyCheckpoint = new(23356124, "0b921fb44d46ff70123e9ed8b004d51515bb4de06a307f9229431f3d0da51ab0"),
            Training = new("BCE", "Adam-AMSGrad", 1e-3),
        },
        new("Linknet", "timm-regnetx_064", StudyOptions)
        {
            Key = "linknet",
            Name = "Linknet",
            InputSize = 480,
            Published = new(MillionParameters: 29.3, GigaMacs: 39.9, Dice: 0.961),
            StudyCheckpoint = new(117671016, "7c0f178725a0231d7f73cce2c92ab859b59be1de3fb16a42895c81f0aaee21a6"),
            Training = new("BCE", "AdamW", 1e-4),
        },
        new("PSPNet", "timm-regnety_064", StudyOptions)
        {
            Key = "pspnet",
            Name = "PSPNet",
            InputSize = 480,
            Published = new(MillionParameters: 29.7, GigaMacs: 14.4, Dice: 0.960),
            StudyCheckpoint = new(119250191, "227a6a5d7038c5216806d92316b516015faf2e09d99a9225e3869d5b158ecda3"),
            Training = new("Dice", "Adam", 1e-4),
        },
        new("PAN", "efficientnet-b0", StudyOptions)
        {
            Key = "pan",
            Name = "PAN",
            InputSize = 512,
            // Its pyramid pools three times below output stride 16.
            MinimumSize = 128,
            Published = new(MillionParameters: 4.1, GigaMacs: 0.3, Dice: 0.962),
            StudyCheckpoint = new(16738569, "950ac9e2f05808aa3284daa55c3e4c78696e09d22dff08a42f77cdc7c9dd20c9"),
            Training = new("Jaccard", "Adam-AMSGrad", 1e-3),
        },
        new("MAnet", "efficientnet-b2", StudyOptions)
        {
            Key = "manet",
            Name = "MA-Net",
            InputSize = 512,
            Published = new(MillionParameters: 13.4, GigaMacs: 9.9, Dice: 0.961),
            StudyCheckpoint = new(54276223, "efc5c5364073fbd9e6e1bc9fa69db0be4ef3ca4b28d5cda130b54b9756f761c5"),
            Training = new("Dice", "Adam-AMSGrad", 1e-3),
        },
    ];

    /// <summary>Finds a network by key, in any case; throws <see cref="UnknownNetworkException"/> naming the nearest.</summary>
    public static Architecture Get(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return All.FirstOrDefault(a => a.Key.Equals(key, StringComparison.OrdinalIgnoreCase))
        ?? throw new UnknownNetworkException(
            $"unknown network '{key}', expected one of {string.Join(", ", All.Select(a => a.Key))}{Suggestion(key)}");
    }

    /// <summary>
    /// Finds the network that a checkpoint's weights fit. Throws <see cref="WeightException"/> with the differences from the
    /// nearest network if they fit none.
    /// </summary>
    public static Architecture Recognise(StateDict stateDict)
    {
        ArgumentNullException.ThrowIfNull(stateDict);
        return stateDict.Metadata.ContainsKey("architecture") ? NetworkWeights.Recognise(stateDict, [], []) : Recognition.Of(stateDict);
    }

    private static string Suggestion(string key)
    {
        string? nearest = EditDistance.Nearest(key, All.SelectMany(a => (string[])[a.Key, a.Name]));
        return nearest is null ? "" : $"; did you mean '{All.First(a => a.Key == nearest || a.Name == nearest).Key}'?";
    }
}
