namespace LungSeg.Kernels.Abi;

/// <summary>How many threads share a pixel, whose partial sums shuffles add up.</summary>
internal static class PixelLanes
{
    /// <summary>A power of two, at most the 32 of a warp: one for each part of the pixel where that is possible.</summary>
    public static int For(int parts)
    {
        int lanes = 1;
        while (lanes < 32 && lanes < parts) lanes *= 2;
        return lanes;
    }
}
