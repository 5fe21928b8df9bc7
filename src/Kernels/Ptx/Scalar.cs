using ILGPU.Runtime.Cuda;

namespace LungSeg.Kernels.Ptx;

/// <summary>Single instructions that C# has no word for.</summary>
internal static class Scalar
{
    /// <summary>2^x, off by at most 2 units in the last place.</summary>
    public static float Exp2(float x)
    {
        CudaAsm.Emit("ex2.approx.ftz.f32 %0, %1;", out float result, x);
        return result;
    }

    /// <summary>1 / x, off by at most 1 unit in the last place.</summary>
    public static float Reciprocal(float x)
    {
        CudaAsm.Emit("rcp.approx.ftz.f32 %0, %1;", out float result, x);
        return result;
    }

    /// <summary>a · b, rounded by itself: never merged with an addition.</summary>
    public static float MultiplyExactly(float a, float b)
    {
        CudaAsm.Emit("mul.rn.f32 %0, %1, %2;", out float result, a, b);
        return result;
    }

    /// <summary>a + b, rounded by itself: never merged with a multiplication.</summary>
    public static float AddExactly(float a, float b)
    {
        CudaAsm.Emit("add.rn.f32 %0, %1, %2;", out float result, a, b);
        return result;
    }

    /// <summary>a / b, correctly rounded.</summary>
    public static float DivideExactly(float a, float b)
    {
        CudaAsm.Emit("div.rn.f32 %0, %1, %2;", out float result, a, b);
        return result;
    }

    /// <summary>The upper half of the 64-bit product: a division by a constant whose reciprocal b is.</summary>
    public static int MultiplyHigh(int a, uint b)
    {
        CudaAsm.Emit("mul.hi.u32 %0, %1, %2;", out int result, a, b);
        return result;
    }
}
