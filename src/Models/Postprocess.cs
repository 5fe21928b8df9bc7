using LungSeg.Imaging;
using LungSeg.Imaging.Masks;

namespace LungSeg.Models;

/// <summary>From the network's probabilities to the mask.</summary>
internal sealed class Postprocess(Compat compat, float threshold)
{
    /// <summary>Returns the probabilities at the size at which they are cut, and the cleaned mask.</summary>
    public (ProbabilityMap Probabilities, LungMask Mask) Apply(ProbabilityMap output, Radiograph picture)
    {
        if (compat == Compat.Upstream)
            return (output, UpstreamCleanup.ResizeToSaved(UpstreamCleanup.Apply(output.Threshold(threshold))));
        ProbabilityMap probabilities = output.Resize(picture.Width, picture.Height);
        return (probabilities, FixedCleanup.Apply(probabilities.Threshold(threshold)));
    }
}
