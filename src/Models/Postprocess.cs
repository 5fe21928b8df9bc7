using LungSeg.Imaging;
using LungSeg.Imaging.Masks;

namespace LungSeg.Models;

/// <summary>From the network's probabilities to the mask.</summary>
internal sealed class Postprocess(SegmentationMode mode, float threshold, bool isLungs = true)
{
    /// <summary>A pixel is lung if its probability is over this.</summary>
    public float Threshold => threshold;

    /// <summary>The size of the finished mask: the image's, or in the study's way 512 x 512.</summary>
    public (int Width, int Height) MaskSize(Radiograph image) =>
        mode == SegmentationMode.Study ? (StudyCleanup.SavedSide, StudyCleanup.SavedSide) : (image.Width, image.Height);

    /// <summary>The size at which probabilities are cut: the image's, or in the study's way the network's.</summary>
    public (int Width, int Height) CutSize(Radiograph image, int networkSize) =>
        mode == SegmentationMode.Study ? (networkSize, networkSize) : (image.Width, image.Height);

    /// <summary>The probabilities at the size at which they are cut.</summary>
    public ProbabilityMap AtCut(ProbabilityMap output, Radiograph image) =>
        mode == SegmentationMode.Study ? output : output.Resize(image.Width, image.Height);

    /// <summary>The finished mask from the cut one. What is not lungs may have any number of parts, and holes.</summary>
    public LungMask Clean(LungMask cut) => !isLungs ? cut
        : mode == SegmentationMode.Study ? StudyCleanup.ResizeToSaved(StudyCleanup.Apply(cut)) : NativeCleanup.Apply(cut);
}
