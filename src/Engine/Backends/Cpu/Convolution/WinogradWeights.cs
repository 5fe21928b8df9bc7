using LungSeg.Engine.Backends.Cpu.Simd;

namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>A 3x3 convolution's weights for Winograd's filtering.</summary>
internal static class WinogradWeights
{
    /// <summary>G g Gᵀ for each 3x3 kernel, computed in double and rounded once: [K, C/groups, m + 2, m + 2].</summary>
    public static ConvWeights Transform<S, V, W>(ConvWeights weights) where S : struct, ISimd<V> where V : struct where W : struct, IWinograd<S, V>
    {
        int size = W.Outputs + 2, kernels = weights.Values.Length / 9;
        var result = new float[kernels * size * size];
        ReadOnlySpan<double> g = W.WeightTransform;
        Span<double> half = stackalloc double[size * 3];
        for (int kernel = 0; kernel < kernels; kernel++)
        {
            ReadOnlySpan<float> w = weights.Values.AsSpan(kernel * 9, 9);
            for (int i = 0; i < size; i++)
            {
                for (int s = 0; s < 3; s++) half[(i * 3) + s] = (g[i * 3] * w[s]) + (g[(i * 3) + 1] * w[3 + s]) + (g[(i * 3) + 2] * w[6 + s]);
            }
            for (int i = 0; i < size; i++)
            {
                for (int j = 0; j < size; j++)
                {
                    result[(((kernel * size) + i) * size) + j] =
                        (float)((half[i * 3] * g[j * 3]) + (half[(i * 3) + 1] * g[(j * 3) + 1]) + (half[(i * 3) + 2] * g[(j * 3) + 2]));
                }
            }
        }
        return weights with { Values = result, R = size, S = size };
    }
}
