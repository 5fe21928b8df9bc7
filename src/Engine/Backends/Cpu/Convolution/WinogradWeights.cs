using LungSeg.Engine.Backends.Cpu.Simd;

namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>A 3x3 convolution's weights for Winograd's filtering.</summary>
internal static class WinogradWeights
{
    /// <summary>G g Gᵀ for each 3x3 kernel, m + 2 by m + 2.</summary>
    public static KernelTransform Transform<S, V, W>() where S : struct, ISimd<V> where V : struct where W : struct, IWinograd<S, V> =>
        new((W.Outputs + 2) * (W.Outputs + 2), Apply<S, V, W>);

    // In double, and rounded once.
    private static void Apply<S, V, W>(ReadOnlySpan<float> kernels, Span<float> result)
        where S : struct, ISimd<V> where V : struct where W : struct, IWinograd<S, V>
    {
        int size = W.Outputs + 2;
        ReadOnlySpan<double> g = W.WeightTransform;
        Span<double> half = stackalloc double[size * 3];
        for (; !kernels.IsEmpty; kernels = kernels[9..], result = result[(size * size)..])
        {
            for (int i = 0; i < size; i++)
            {
                for (int s = 0; s < 3; s++)
                    half[(i * 3) + s] = (g[i * 3] * kernels[s]) + (g[(i * 3) + 1] * kernels[3 + s]) + (g[(i * 3) + 2] * kernels[6 + s]);
            }
            for (int i = 0; i < size; i++)
            {
                for (int j = 0; j < size; j++)
                    result[(i * size) + j] = (float)(
                        (half[i * 3] * g[j * 3]) + (half[(i * 3) + 1] * g[(j * 3) + 1]) + (half[(i * 3) + 2] * g[(j * 3) + 2]));
            }
        }
    }
}
