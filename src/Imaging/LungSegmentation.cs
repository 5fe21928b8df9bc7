namespace LungSeg.Imaging;

/// <summary>What was found in one picture, and how.</summary>
public sealed record LungSegmentation
{
    /// <summary>The picture that was segmented.</summary>
    public required Radiograph Picture { get; init; }

    /// <summary>The cleaned mask: of the picture's size, or 512 x 512 where the study's own steps were taken.</summary>
    public required LungMask Mask { get; init; }

    /// <summary>The probabilities before threshold and clean-up: of the picture's size, or the network's where the study's own steps were taken.</summary>
    public required ProbabilityMap Probabilities { get; init; }

    /// <summary>The network that found the lungs, and its settings.</summary>
    public required SegmentationMethod Method { get; init; }

    /// <summary>How long each step took.</summary>
    public required SegmentationTimes Times { get; init; }

    /// <summary>The mask's share of its picture, 0 to 1.</summary>
    public double LungShare => (double)Mask.Area / Mask.Pixels.Length;

    /// <summary>Whether the mask's pixels are the picture's; the study's masks are 512 x 512 whatever the picture.</summary>
    public bool MaskLiesOnPicture => (Mask.Width, Mask.Height) == (Picture.Width, Picture.Height);

    /// <summary>The picture on which the mask lies pixel by pixel: itself, or its grey values resized to the mask.</summary>
    public Radiograph PictureUnderMask()
    {
        if (MaskLiesOnPicture)
            return Picture;
        byte[] grey = OpenCvResize.Linear(Picture.ToGrey8(), Picture.Width, Picture.Height, 1, Mask.Width, Mask.Height);
        return new Radiograph(Mask.Width, Mask.Height, 1, 8, Array.ConvertAll(grey, g => (ushort)g))
        {
            PatientLeftIsOnTheRight = Picture.PatientLeftIsOnTheRight,
        };
    }
}

/// <summary>The network that made a segmentation and its settings, as result files name them.</summary>
/// <param name="Network">The network's key, such as "pan".</param>
/// <param name="Weights">The weights file.</param>
/// <param name="NetworkSize">The height and width that the network saw.</param>
/// <param name="Threshold">Lung is what is more probable than this.</param>
/// <param name="Compat">The mode: "fixed" or "upstream".</param>
/// <param name="Device">What it ran on.</param>
public sealed record SegmentationMethod(string Network, string Weights, int NetworkSize, float Threshold, string Compat, string Device);

/// <summary>How long the steps of one segmentation took; <see cref="Read"/> is zero for a picture that was given in memory.</summary>
public readonly record struct SegmentationTimes(TimeSpan Read, TimeSpan Preprocess, TimeSpan Network, TimeSpan Postprocess);
