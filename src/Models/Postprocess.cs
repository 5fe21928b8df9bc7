using LungSeg.Imaging;
using LungSeg.Imaging.Masks;

namespace LungSeg.Models;

/// <summary>From the network's probabilities to the mask.</summary>
internal sealed class Postprocess(Compat compat, float threshold)
{
    /// <summary>A pixel is lung if its probability is over this.</summary>
    public float Threshold => threshold;

    /// <summary>The size of the finished mask: the image's, or in the study's way 512 x 512.</summary>
    public (int Width, int Height) MaskSize(Radiograph image) =>
        compat == Compat.Upstream ? (UpstreamCleanup.SavedSide, UpstreamCleanup.SavedSide) : (image.Width, image.Height);

    /// <summary>The size at which probabilities are cut: the picture's, or in the study's way the network's.</summary>
    public (int Width, int Height) CutSize(Radiograph picture, int networkSize) =>
        compat == Compat.Upstream ? (networkSize, networkSize) : (picture.Width, picture.Height);

    /// <summary>The probabilities at the size at which they are cut.</summary>
    public ProbabilityMap AtCut(ProbabilityMap output, Radiograph picture) =>
        compat == Compat.Upstream ? output : output.Resize(picture.Width, picture.Height);

    /// <summary>The finished mask from the cut one.</summary>
    public LungMask Clean(LungMask cut) =>
        compat == Compat.Upstream ? UpstreamCleanup.ResizeToSaved(UpstreamCleanup.Apply(cut)) : FixedCleanup.Apply(cut);
}
