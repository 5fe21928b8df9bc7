using ILGPU.Runtime.Cuda;

namespace LungSeg.Kernels.Ptx;

/// <summary>Two halves in a register, the lower address in the lower bits.</summary>
internal static class Half2
{
    public static float Low(uint pair)
    {
        CudaAsm.Emit("{ .reg .b16 l, h; mov.b32 {l, h}, %1; cvt.f32.f16 %0, l; }", out float value, pair);
        return value;
    }

    public static float High(uint pair)
    {
        CudaAsm.Emit("{ .reg .b16 l, h; mov.b32 {l, h}, %1; cvt.f32.f16 %0, h; }", out float value, pair);
        return value;
    }

    /// <summary>Rounds both to nearest even.</summary>
    public static uint Pack(float low, float high)
    {
        CudaAsm.Emit("cvt.rn.f16x2.f32 %0, %1, %2;", out uint pair, high, low);
        return pair;
    }

    public static uint Multiply(uint a, uint b)
    {
        CudaAsm.Emit("mul.f16x2 %0, %1, %2;", out uint product, a, b);
        return product;
    }
}
