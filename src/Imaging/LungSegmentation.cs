using LungSeg.Imaging.Masks;
using LungSeg.Imaging.Quality;

namespace LungSeg.Imaging;

/// <summary>What was found in one image, and how.</summary>
public sealed record LungSegmentation
{
    private SidedMask? _sided;
    private QualityMeasures? _measures;
    private IReadOnlyList<QualityFlag>? _flags;

    /// <summary>The image that was segmented.</summary>
    public required Radiograph Image { get; init => field = Changed(value); }

    /// <summary>The cleaned mask: of the image's size, or 512 x 512 where the study's own steps were taken.</summary>
    public required LungMask Mask { get; init => field = Changed(value); }

    /// <summary>
    /// The probabilities before threshold and clean-up: of the image's size, or the network's where the study's own steps were taken.
    /// </summary>
    public required ProbabilityMap Probabilities { get; init => field = Changed(value); }

    /// <summary>
    /// The probabilities of the mirror image, mirrored back, where that was segmented too to tell how sure the network is; null otherwise.
    /// </summary>
    public ProbabilityMap? MirrorProbabilities { get; init; }

    /// <summary>The mean of both, or the image's own where its mirror image was not segmented.</summary>
    public ProbabilityMap MeanProbabilities => MirrorProbabilities is { } mirror ? Probabilities.MeanWith(mirror) : Probabilities;

    /// <summary>The network that found the lungs, and its settings.</summary>
    public required SegmentationMethod Method { get; init => field = value ?? throw new ArgumentNullException(nameof(value)); }

    /// <summary>How long each step took.</summary>
    public required SegmentationTimes Times { get; init; }

    /// <summary>
    /// The time that DICOM results state as their own, so that a result which is made again has the same bytes; null for the time at which
    /// they are written.
    /// </summary>
    public DateTime? ContentTime { get; init; }

    /// <summary>Sizes and places of the lungs, measured when first asked for.</summary>
    public MaskStatistics Statistics => Sided.Statistics;

    /// <summary>The mask with the patient's side of every pixel.</summary>
    internal SidedMask Sided => _sided ??= SidedMask.Of(Mask, Image.PatientLeftIsOnTheRight);

    /// <summary>What <see cref="Flags"/> are raised by, measured when first asked for.</summary>
    public QualityMeasures Measures => _measures ??= QualityMeasures.Of(this);

    /// <summary>Questions about image and mask that a person should look at; empty where nothing stood out.</summary>
    public IReadOnlyList<QualityFlag> Flags => _flags ??= QualityRules.Apply(this, Measures);

    /// <summary>What the reader found and chose, and how the contrast was stretched where it was.</summary>
    public IReadOnlyList<Decision> Decisions => Method.Contrast is { } stretch
        ? [.. Image.Decisions,
            new Decision("contrast", $"{stretch} of 0 to {Image.MaxValue}, as the image uses less than a tenth of its range",
                IsWarning: true)]
        : Image.Decisions;

    /// <summary>Heights, widths, apices, bases and symmetry of the lungs, measured when asked for.</summary>
    public ChestMeasures Chest => ChestMeasures.Of(this);

    /// <summary>How undecided the network is near each lung, measured when asked for.</summary>
    public LungUncertainty Uncertainty => LungUncertainty.Of(this);

    /// <summary>The mask's share of its image, 0 to 1.</summary>
    public double LungShare => (double)Mask.Area / Mask.Pixels.Length;

    /// <summary>Whether the mask's pixels are the image's; the study's masks are 512 x 512 whatever the image.</summary>
    public bool MaskLiesOnImage => (Mask.Width, Mask.Height) == (Image.Width, Image.Height);

    /// <summary>The distance between the mask's pixels where the image's is known.</summary>
    public PixelSpacing? MaskSpacing => Image.Spacing is { } s
        ? new PixelSpacing(s.RowMillimetres * Image.Height / Mask.Height, s.ColumnMillimetres * Image.Width / Mask.Width)
        : null;

    /// <summary>The image on which the mask lies pixel by pixel: itself, or its grey values resized to the mask.</summary>
    public Radiograph ImageUnderMask()
    {
        if (MaskLiesOnImage)
            return Image;
        byte[] grey = OpenCvResize.Linear(Image.ToGrey8(), Image.Width, Image.Height, 1, Mask.Width, Mask.Height);
        return new Radiograph(Mask.Width, Mask.Height, 1, 8, Array.ConvertAll(grey, g => (ushort)g))
        {
            PatientLeftIsOnTheRight = Image.PatientLeftIsOnTheRight,
        };
    }

    // What was measured of another image, mask or map holds no more.
    private T Changed<T>(T value)
    {
        ArgumentNullException.ThrowIfNull(value);
        (_sided, _measures, _flags) = (null, null, null);
        return value;
    }
}

/// <summary>The network that made a segmentation and its settings, as result files name them.</summary>
/// <param name="Network">The network's key, such as "pan".</param>
/// <param name="Weights">The weights file.</param>
/// <param name="NetworkSize">The height and width that the network saw.</param>
/// <param name="Threshold">Probability above which a pixel counts as lung.</param>
/// <param name="Mode">The mode: "native" or "study".</param>
/// <param name="Device">What it ran on, as far as results depend on it.</param>
public sealed record SegmentationMethod(string Network, string Weights, int NetworkSize, float Threshold, string Mode, string Device)
{
    /// <summary>The network's name for people, such as "DeepLabV3+"; its key where none was given.</summary>
    public string NetworkName { get; init; } = Network;

    /// <summary>SHA-256 of the weights file in lower-case hexadecimal, computed when first asked for; "" where there is no file.</summary>
    public Lazy<string> WeightsSha256 { get; init; } = new("");

    /// <summary>What was subtracted from each channel of the image in [0, 1] for the network; empty where that is not known.</summary>
    public IReadOnlyList<float> InputMean { get; init => field = value ?? throw new ArgumentNullException(nameof(value)); } = [];

    /// <summary>What each channel was divided by after that.</summary>
    public IReadOnlyList<float> InputStd { get; init => field = value ?? throw new ArgumentNullException(nameof(value)); } = [];

    /// <summary>What the channels were, in their order: "RGB", "BGR" or "grey"; "" where that is not known.</summary>
    public string InputSpace { get; init => field = value ?? throw new ArgumentNullException(nameof(value)); } = "";

    /// <summary>How the image's contrast was stretched before the network saw it; null where it was not.</summary>
    public ContrastStretch? Contrast { get; init; }
}

/// <summary>How long the steps of one segmentation took; <see cref="Read"/> is zero for an image that was given in memory.</summary>
public readonly record struct SegmentationTimes(TimeSpan Read, TimeSpan Preprocess, TimeSpan Network, TimeSpan Postprocess);
