namespace LungSeg.Kernels.Abi;

/// <summary>
/// From the network's probabilities, one channel, to the image's size: LungSeg.Imaging.BilinearResize bit for bit, and the mask.
/// </summary>
internal struct PostprocessParameters
{
    /// <summary>float32 probabilities, SourceHeight x SourceWidth.</summary>
    public long Source;

    /// <summary>Bytes, Height x Width: 1 where the probability is over Threshold, else 0.</summary>
    public long Mask;

    public int SourceWidth;

    public int SourceHeight;

    public int Width;

    public int Height;

    public float Threshold;
}
