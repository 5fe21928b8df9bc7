using ILGPU.Runtime.Cuda;

namespace LungSeg.Kernels.Ptx;

/// <summary>
/// Shared memory by raw address. A block's dynamic shared memory begins at <see cref="Base"/>, a multiple of 1024; how much of it
/// there is, the catalogue states for each kernel.
/// </summary>
internal static class Shared
{
    /// <summary>The symbol that the compiler declares in each module that names it.</summary>
    public const string Symbol = "shared_memory";

    public static uint Base()
    {
        CudaAsm.Emit("mov.u32 %0, " + Symbol + ";", out uint address);
        return address;
    }

    public static Float4 LoadFloat4(uint address)
    {
        Output<float> x = default, y = default, z = default, w = default;
        Input<uint> from = address;
        CudaAsm.EmitRef("ld.shared.v4.f32 {%0,%1,%2,%3}, [%4];", ref x, ref y, ref z, ref w, ref from);
        Float4 result;
        result.X = x.Value;
        result.Y = y.Value;
        result.Z = z.Value;
        result.W = w.Value;
        return result;
    }

    public static UInt4 LoadUInt4(uint address)
    {
        Output<uint> x = default, y = default, z = default, w = default;
        Input<uint> from = address;
        CudaAsm.EmitRef("ld.shared.v4.b32 {%0,%1,%2,%3}, [%4];", ref x, ref y, ref z, ref w, ref from);
        UInt4 result;
        result.X = x.Value;
        result.Y = y.Value;
        result.Z = z.Value;
        result.W = w.Value;
        return result;
    }

    public static float LoadFloat(uint address)
    {
        CudaAsm.Emit("ld.shared.f32 %0, [%1];", out float value, address);
        return value;
    }

    public static uint LoadUInt(uint address)
    {
        CudaAsm.Emit("ld.shared.b32 %0, [%1];", out uint value, address);
        return value;
    }

    public static void Store(uint address, UInt4 value) =>
        CudaAsm.Emit("st.shared.v4.b32 [%0], {%1,%2,%3,%4};", address, value.X, value.Y, value.Z, value.W);

    public static void Store(uint address, Float4 value) =>
        CudaAsm.Emit("st.shared.v4.f32 [%0], {%1,%2,%3,%4};", address, value.X, value.Y, value.Z, value.W);

    /// <summary>Two floats, aligned to 8 bytes.</summary>
    public static void Store(uint address, float first, float second) =>
        CudaAsm.Emit("st.shared.v2.f32 [%0], {%1,%2};", address, first, second);

    public static void Store(uint address, float value) => CudaAsm.Emit("st.shared.f32 [%0], %1;", address, value);
}
