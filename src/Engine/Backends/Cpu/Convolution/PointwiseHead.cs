using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>
/// A 1x1 convolution to one channel that takes over the pixels of the 1x1 convolution before it while they are in the cache.
/// </summary>
internal sealed unsafe class PointwiseHead<S, V>(NativeMemoryBlock packed, int channels, Activation activation)
    where S : struct, ISimd<V> where V : struct
{
    private readonly SingleOutputRow<S, V> _row = new(packed, 1, channels, activation);

    /// <summary>Channels that it reads.</summary>
    public int Channels => channels;

    /// <summary>Computes so many pixels, read so many floats apart and stored side by side.</summary>
    public void Run(float* input, nint pixelStride, int pixels, float* output)
    {
        Run run;
        run.Input = run.Weights = 0;
        run.Length = channels;
        _row.Run(input, pixelStride, &run, 1, pixels, output, 1, null);
    }
}
