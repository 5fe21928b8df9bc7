namespace LungSeg.Kernels;

/// <summary>Integers in kernels.</summary>
internal static class IntMath
{
    public static int Min(int a, int b) => a < b ? a : b;

    public static int Max(int a, int b) => a > b ? a : b;

    /// <summary>a / b, rounded up.</summary>
    public static int DivideUp(int a, int b) => (a + b - 1) / b;

    /// <summary>The least multiple of 8 that is not below <paramref name="a"/>.</summary>
    public static int RoundUp8(int a) => (a + 7) & ~7;
}
