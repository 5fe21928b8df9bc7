using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;

namespace LungSeg.Engine.Backends.Cpu;

/// <summary>Global average pooling from sums of rows that the convolution before has left, [image][row][channel]. A unit is an image.</summary>
internal sealed unsafe class PoolRowSums<S, V>(string name, Shape pooled, View rowSums, View target) : Kernel
    where S : struct, ISimd<V> where V : struct
{
    public override string Name => name;

    public override int Units => pooled.N;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int begin, int end, float* scratch)
    {
        nint channels = target.Channels;
        V size = S.Broadcast(pooled.H * pooled.W);
        for (int n = begin; n < end; n++)
        {
            float* rows = rowSums.Data + (n * pooled.H * channels), output = target.Pixel(n, 0, 0);
            for (nint c = 0; c < channels; c += S.Width)
            {
                V sum = S.Broadcast(0);
                for (int h = 0; h < pooled.H; h++) sum = S.Add(sum, S.Load(rows + (h * channels) + c));
                S.Store(S.Divide(sum, size), output + c);
            }
        }
    }
}
