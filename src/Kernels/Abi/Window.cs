namespace LungSeg.Kernels.Abi;

/// <summary>
/// A convolution's loops: rows and columns of its window, the step from an output pixel to the next, the step from a tap to the next, and
/// how far the first window begins above and left of the map; negative: within it.
/// </summary>
internal struct Window(int r, int s, int stride, int dilation, int padTop, int padLeft)
{
    public int R = r;

    public int S = s;

    public int Stride = stride;

    public int Dilation = dilation;

    public int PadTop = padTop;

    public int PadLeft = padLeft;
}
