using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;

namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>
/// A 1x1 convolution's packed weights, multiplied by the gates that its inputs pass through: a copy for each image, which has gates of its
/// own. A unit is a panel of an image.
/// </summary>
internal sealed unsafe class ScaledWeights<S, V>(ConvSource[] sources, PackedWeights weights, CpuTensor target) : Kernel
    where S : struct, ISimd<V> where V : struct
{
    public override string Name => "scaled weights";

    public override int Units => sources[0].Map.Shape.N * weights.Panels.Length;

    public override void Run(int begin, int end, float* scratch)
    {
        for (int unit = begin; unit < end; unit++)
        {
            int n = unit / weights.Panels.Length;
            Panel panel = weights.Panels[unit % weights.Panels.Length];
            float* from = weights.Data + panel.Weights, to = target.Data + (n * weights.WeightFloats) + panel.Weights;
            foreach (ConvSource source in sources)
            {
                nint count = (nint)source.Map.Shape.C * panel.Vectors * S.Width;
                if (source.Scale is CpuTensor gate) Multiply(from, gate.Pixel(n, 0, 0), source.Map.Shape.C, panel.Vectors * S.Width, to);
                else System.Buffer.MemoryCopy(from, to, count * sizeof(float), count * sizeof(float));
                from += count;
                to += count;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply(float* weights, float* gate, int channels, int lanes, float* scaled)
    {
        for (int c = 0; c < channels; c++)
        {
            V scale = S.Broadcast(gate[c]);
            for (int lane = 0; lane < lanes; lane += S.Width, weights += S.Width, scaled += S.Width)
                S.Store(S.Multiply(S.Load(weights), scale), scaled);
        }
    }
}
