using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Passes;

namespace LungSeg.Engine.Backends.Cpu;

/// <summary>
/// x · scale + shift by channel, then an activation: a batch norm that no convolution took up, or an activation of its own.
/// A unit is a row.
/// </summary>
internal sealed unsafe class PerChannel<S, V>(
    string name, CpuTensor source, NativeMemoryBlock? scaleAndShift, CpuTensor target, Activation activation)
    : Kernel where S : struct, ISimd<V> where V : struct
{
    public override string Name => name;

    public override KernelKind Kind => new(GetType(), Variant: (int)activation);

    public override int Units => target.Shape.N * target.Shape.H;

    /// <summary>Packs a batch norm as scales, then shifts, padded with zeros.</summary>
    public static NativeMemoryBlock Pack(BatchNormOp op)
    {
        (float[] scale, float[] shift) = FoldBatchNorm.ScaleAndShift(op);
        int channels = CpuTensor.Padded(scale.Length);
        var packed = new NativeMemoryBlock(2 * channels);
        scale.CopyTo(new Span<float>(packed.Data, scale.Length));
        shift.CopyTo(new Span<float>(packed.Data + channels, shift.Length));
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
