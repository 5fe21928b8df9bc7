using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>Activations that are too long for the micro-kernel's store: applied to a tile while it is in the cache.</summary>
internal static unsafe class Epilogue<S, V> where S : struct, ISimd<V> where V : struct
{
    /// <summary>Whether the micro-kernel's lower bound does not do.</summary>
    public static bool IsNeeded(Activation activation) => activation is not (Activation.None or Activation.ReLU);

    /// <summary>The micro-kernel's lower bound for an activation.</summary>
    public static float Floor(Activation activation) => activation == Activation.ReLU ? 0 : float.NegativeInfinity;

    /// <summary>Applies the activation in place to some vectors of each of a tile's pixels.</summary>
    public static void Apply(Activation activation, float* data, nint stride, int pixels, int vectors)
    {
        switch (activation)
        {
            case Activation.SiLU: Apply<SiLU>(data, stride, pixels, vectors); break;
            case Activation.Sigmoid: Apply<Sigmoid>(data, stride, pixels, vectors); break;
            case Activation.ReLU6: Apply<ReLU6>(data, stride, pixels, vectors); break;
            case Activation.HardSigmoid: Apply<HardSigmoid>(data, stride, pixels, vectors); break;
            case Activation.HardSwish: Apply<HardSwish>(data, stride, pixels, vectors); break;
            default: throw new ArgumentOutOfRangeException(nameof(activation), activation, "the micro-kernel applies it");
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Apply<F>(float* data, nint stride, int pixels, int vectors) where F : struct, IConstant
    {
        for (int pixel = 0; pixel < pixels; pixel++, data += stride)
        {
            for (int v = 0; v < vectors; v++)
            {
                float* p = data + (v * S.Width);
                S.Store(Elementary<S, V>.Activate(S.Load(p), (Activation)F.Value), p);
            }
        }
    }
}
