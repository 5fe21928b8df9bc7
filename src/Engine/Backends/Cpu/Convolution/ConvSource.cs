using System.Runtime.InteropServices;

namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>
/// One of the tensors that a convolution reads side by side; what each of its channels is multiplied by on the way (a
/// squeeze-and-excite gate, one number for each image and channel), if anything; how often each of its pixels is seen along a
/// row and a column (nearest-neighbour upsampling); and a bilinear upsampling whose rows are computed when they are read.
/// </summary>
internal readonly record struct ConvSource(CpuTensor Map, CpuTensor? Scale = null, int Repeat = 1, Tensor? Upsampled = null)
{
    /// <summary>Rows that the convolution sees.</summary>
    public int Height => Upsampled?.Shape.H ?? Map.Shape.H * Repeat;

    /// <summary>Columns that the convolution sees.</summary>
    public int Width => Upsampled?.Shape.W ?? Map.Shape.W * Repeat;

    /// <summary>Whether it is one pixel that is seen everywhere.</summary>
    public bool IsConstant => Upsampled is not null && Map.Shape is { H: 1, W: 1 };

    /// <summary>Whether it can be read where it lies, vector by vector.</summary>
    public bool IsPlain => Scale is null && !Map.IsPlanar && Upsampled is null;

    /// <summary>
    /// Copies some channels of size x size pixels, the given distance apart, to [row][column][channel] with the given
    /// channel stride; pixels outside the image are zeros.
    /// </summary>
    public unsafe void CopyWindow(int n, int top, int left, int size, int distance, int channel, int channels, float* target, int stride)
    {
        float* gate = Scale is CpuTensor scale ? scale.Pixel(n, 0, 0) + channel : null;
        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j < size; j++, target += stride)
            {
                int row = top + (i * distance), column = left + (j * distance);
                if ((uint)row < (uint)Height && (uint)column < (uint)Width)
                {
                    float* pixel = Map.Pixel(n, row / Repeat, column / Repeat) + (channel * Map.ChannelStride);
                    CopiedRows.Copy(pixel, Map, gate, target, stride, 1, channels);
                }
                else NativeMemory.Clear(target, (nuint)(channels * sizeof(float)));
            }
        }
    }
}
