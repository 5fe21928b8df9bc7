using LungSeg.Engine.Backends.Cpu.Simd;

namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>
/// Winograd's minimal filtering F(m x m, 3 x 3): m x m outputs from a tile of (m + 2) x (m + 2) inputs with one product for
/// each input instead of 9 m² (Lavin and Gray, 2016). One axis at a time: Bᵀ for inputs, G for weights, Aᵀ for outputs.
/// </summary>
internal interface IWinograd<S, V> where S : struct, ISimd<V> where V : struct
{
    /// <summary>m, the outputs along an axis.</summary>
    static abstract int Outputs { get; }

    /// <summary>G, row by row: (m + 2) x 3.</summary>
    static abstract ReadOnlySpan<double> WeightTransform { get; }

    /// <summary>Bᵀ applied to m + 2 vectors; results are stored step floats apart.</summary>
    static abstract unsafe void Input<L>(L input, float* output, nint step) where L : struct, ILine;

    /// <summary>Aᵀ applied to m + 2 vectors, giving m.</summary>
    static abstract unsafe void Output<L>(L input, float* output, nint step) where L : struct, ILine;
}
