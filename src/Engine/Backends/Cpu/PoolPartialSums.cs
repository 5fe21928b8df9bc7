using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;

namespace LungSeg.Engine.Backends.Cpu;

/// <summary>
/// Global average pooling from sums of parts of each image that the convolution before has left, [image][part][channel]. A unit
/// is an image.
/// </summary>
internal sealed unsafe class PoolPartialSums<S, V>(Shape pooled, int parts, CpuTensor sums, CpuTensor target) : Kernel
    where S : struct, ISimd<V> where V : struct
{
    public override string Name => "pool partial sums";

    public override int Units => pooled.N;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int begin, int end, float* scratch)
    {
        nint channels = target.Channels;
        V size = S.Broadcast(pooled.H * pooled.W);
        for (int n = begin; n < end; n++)
        {
            float* first = sums.Data + (n * parts * channels), output = target.Pixel(n, 0, 0);
            for (nint c = 0; c < channels; c += S.Width)
            {
                V sum = S.Broadcast(0);
                for (int part = 0; part < parts; part++) sum = S.Add(sum, S.Load(first + (part * channels) + c));
                S.Store(S.Divide(sum, size), output + c);
            }
        }
    }
}
