using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu;

/// <summary>
/// x · scale + shift by channel, then an activation: a batch norm that no convolution took up, or an activation of its own.
/// A unit is a row.
/// </summary>
internal sealed unsafe class PerChannel<S, V>(string name, View source, NativeMemoryBlock? scaleAndShift, View target, Activation activation)
    : Kernel where S : struct, ISimd<V> where V : struct
{
    public override string Name => name;

    public override int Units => target.Shape.N * target.Shape.H;

    /// <summary>Packs a batch norm as scales, then shifts, padded with zeros.</summary>
    public static NativeMemoryBlock Pack(BatchNormOp op)
    {
        float[] weight = op.Weight.Read(), bias = op.Bias.Read(), mean = op.Mean.Read(), variance = op.Variance.Read();
        int channels = View.Padded(weight.Length);
        var packed = new NativeMemoryBlock(2 * channels);
        for (int c = 0; c < weight.Length; c++)
        {
            double scale = weight[c] / Math.Sqrt(variance[c] + (double)op.Eps);
            packed.Data[c] = (float)scale;
            packed.Data[channels + c] = (float)(bias[c] - (mean[c] * scale));
        }
        return packed;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int begin, int end, float* scratch)
    {
        nint channels = source.Channels;
        for (int unit = begin; unit < end; unit++)
        {
            int n = unit / target.Shape.H, h = unit % target.Shape.H;
            float* x = source.Pixel(n, h, 0), output = target.Pixel(n, h, 0);
            for (int w = 0; w < target.Shape.W; w++, x += source.PixelStride, output += target.PixelStride)
            {
                for (nint c = 0; c < channels; c += S.Width)
                {
                    V value = S.Load(x + c);
                    if (scaleAndShift is not null)
                        value = S.MultiplyAdd(value, S.Load(scaleAndShift.Data + c), S.Load(scaleAndShift.Data + channels + c));
                    S.Store(Elementary<S, V>.Activate(value, activation), output + c);
                }
            }
        }
    }
}
