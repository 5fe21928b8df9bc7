using ILGPU.Runtime.Cuda;

namespace LungSeg.Kernels.Ptx;

/// <summary>Loads and stores of device memory by raw address: <c>ld.global</c>, <c>st.global</c>.</summary>
internal static class Global
{
    /// <summary>16 bytes, aligned to 16.</summary>
    public static UInt4 Load(long address)
    {
        Output<uint> x = default, y = default, z = default, w = default;
        Input<long> from = address;
        CudaAsm.EmitRef("ld.global.v4.b32 {%0,%1,%2,%3}, [%4];", ref x, ref y, ref z, ref w, ref from);
        UInt4 result;
        result.X = x.Value;
        result.Y = y.Value;
        result.Z = z.Value;
        result.W = w.Value;
        return result;
    }

    /// <summary>16 bytes, or zeros without a look at the address: what a window sees beyond the border.</summary>
    public static UInt4 LoadOrZero(long address, bool inside)
    {
        Output<uint> x = default, y = default, z = default, w = default;
        Input<long> from = address;
        Input<int> take = inside ? 1 : 0;
        CudaAsm.EmitRef(
            "{ .reg .pred q; setp.ne.s32 q, %5, 0; mov.b32 %0, 0; mov.b32 %1, 0; mov.b32 %2, 0; mov.b32 %3, 0; "
            + "@q ld.global.v4.b32 {%0,%1,%2,%3}, [%4]; }",
            ref x, ref y, ref z, ref w, ref from, ref take);
        UInt4 result;
        result.X = x.Value;
        result.Y = y.Value;
        result.Z = z.Value;
        result.W = w.Value;
        return result;
    }

    /// <summary>Four floats, aligned to 16 bytes.</summary>
    public static Float4 LoadFloat4(long address)
    {
        Output<float> x = default, y = default, z = default, w = default;
        Input<long> from = address;
        CudaAsm.EmitRef("ld.global.v4.f32 {%0,%1,%2,%3}, [%4];", ref x, ref y, ref z, ref w, ref from);
        Float4 result;
        result.X = x.Value;
        result.Y = y.Value;
        result.Z = z.Value;
        result.W = w.Value;
        return result;
    }

    /// <summary>Four floats, or zeros without a look at the address.</summary>
    public static Float4 LoadFloat4OrZero(long address, bool inside)
    {
        Output<float> x = default, y = default, z = default, w = default;
        Input<long> from = address;
        Input<int> take = inside ? 1 : 0;
        CudaAsm.EmitRef(
            "{ .reg .pred q; setp.ne.s32 q, %5, 0; mov.f32 %0, 0f00000000; mov.f32 %1, 0f00000000; mov.f32 %2, 0f00000000; "
            + "mov.f32 %3, 0f00000000; @q ld.global.v4.f32 {%0,%1,%2,%3}, [%4]; }",
            ref x, ref y, ref z, ref w, ref from, ref take);
        Float4 result;
        result.X = x.Value;
        result.Y = y.Value;
        result.Z = z.Value;
        result.W = w.Value;
        return result;
    }

    public static float LoadFloat(long address)
    {
        CudaAsm.Emit("ld.global.f32 %0, [%1];", out float value, address);
        return value;
    }

    public static float LoadFloatOrZero(long address, bool inside)
    {
        CudaAsm.Emit(
            "{ .reg .pred q; setp.ne.s32 q, %2, 0; mov.f32 %0, 0f00000000; @q ld.global.f32 %0, [%1]; }",
            out float value, address, inside ? 1 : 0);
        return value;
    }

    public static int LoadInt(long address)
    {
        CudaAsm.Emit("ld.global.s32 %0, [%1];", out int value, address);
        return value;
    }

    public static uint LoadByte(long address)
    {
        CudaAsm.Emit("ld.global.u8 %0, [%1];", out uint value, address);
        return value;
    }

    /// <summary>16 bits, the upper half of the result zero.</summary>
    public static uint LoadUInt16(long address)
    {
        CudaAsm.Emit("{ .reg .b16 h; ld.global.b16 h, [%1]; cvt.u32.u16 %0, h; }", out uint value, address);
        return value;
    }

    public static void Store(long address, UInt4 value) =>
        CudaAsm.Emit("st.global.v4.b32 [%0], {%1,%2,%3,%4};", address, value.X, value.Y, value.Z, value.W);

    public static void Store(long address, Float4 value) =>
        CudaAsm.Emit("st.global.v4.f32 [%0], {%1,%2,%3,%4};", address, value.X, value.Y, value.Z, value.W);

    public static void Store(long address, float value) => CudaAsm.Emit("st.global.f32 [%0], %1;", address, value);

    public static void StoreByte(long address, uint value) => CudaAsm.Emit("st.global.u8 [%0], %1;", address, value);

    /// <summary>The lower 16 bits.</summary>
    public static void StoreUInt16(long address, uint value) =>
        CudaAsm.Emit("{ .reg .b16 h; cvt.u16.u32 h, %1; st.global.b16 [%0], h; }", address, value);
}
