namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>Where a convolution stores: a tensor, or every second pixel of one. Strides are in floats.</summary>
internal readonly unsafe struct Target
{
    public readonly float* Data;
    public readonly nint PixelStride;
    public readonly nint RowStride;
    public readonly nint ImageStride;

    public Target(CpuTensor map, int step = 1, int firstRow = 0, int firstColumn = 0)
    {
        Data = map.Pixel(0, firstRow, firstColumn);
        PixelStride = step * map.PixelStride;
        RowStride = step * map.RowStride;
        ImageStride = map.ImageStride;
    }

    public float* Pixel(int n, int h, int w) => Data + (n * ImageStride) + (h * RowStride) + (w * PixelStride);
}
