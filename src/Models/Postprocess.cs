using LungSeg.Imaging;
using LungSeg.Imaging.Masks;

namespace LungSeg.Models;

/// <summary>From the network's probabilities to the mask.</summary>
internal sealed class Postprocess(Compat compat, float threshold)
{
    /// <summary>Returns the probabilities at the size at which they are cut, and the cleaned mask.</summary>
    public (ProbabilityMap Probabilities, LungMask Mask) Apply(ProbabilityMap output, Radiograph picture)
    {
        ProbabilityMap probabilities = compat == Compat.Upstream ? output : output.Resize(picture.Width, picture.Height);
        return (probabilities, Cut(probabilities, threshold));
    }

    /// <summary>The cleaned mask of probabilities at the size at which they are cut.</summary>
    public LungMask Cut(ProbabilityMap probabilities, float at) => compat == Compat.Upstream
        ? UpstreamCleanup.ResizeToSaved(UpstreamCleanup.Apply(probabilities.Threshold(at)))
        : FixedCleanup.Apply(probabilities.Threshold(at));
}
