namespace LungSeg.Kernels.Abi;

/// <summary>Division by a launch constant as a multiplication and a shift.</summary>
internal static class Reciprocal
{
    /// <summary>⌈2³² / d⌉: n / d is the upper half of the 64-bit n · Of(d), for d above 1 and n · d below 2³².</summary>
    public static uint Of(int d) => (uint)(((1UL << 32) + (uint)d - 1) / (uint)d);

    /// <summary>⌊2¹⁶ / d⌋ + 1: n / d is n · OfSmall(d) >> 16, for n · d below 2¹⁶.</summary>
    public static uint OfSmall(int d) => (65536u / (uint)d) + 1;
}
