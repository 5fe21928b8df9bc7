using ILGPU.Runtime.Cuda;

namespace LungSeg.Kernels.Ptx;

/// <summary>
/// Hopper's tensor cores by warpgroup (<c>wgmma</c>, sm_90a): four warps, the first a multiple of four, multiply 64 rows of A by 64
/// or 128 columns of B, both in shared memory, 16 halves deep, while they go on with other work. The sums stay in registers of the
/// kernel that <see cref="DeclareSums"/> declares, because the cores write them between instructions: nothing may touch them before
/// the products are waited for. Rows of A and columns of B are 128 bytes of shared memory each, swizzled by 128 bytes.
/// </summary>
internal static class Wgmma
{
    private const string Sums64 =
        "wgSum0,wgSum1,wgSum2,wgSum3,wgSum4,wgSum5,wgSum6,wgSum7,wgSum8,wgSum9,wgSum10,wgSum11,wgSum12,wgSum13,wgSum14,wgSum15,"
        + "wgSum16,wgSum17,wgSum18,wgSum19,wgSum20,wgSum21,wgSum22,wgSum23,wgSum24,wgSum25,wgSum26,wgSum27,wgSum28,wgSum29,wgSum30,wgSum31";

    private const string Sums128 = Sums64 + ","
        + "wgSum32,wgSum33,wgSum34,wgSum35,wgSum36,wgSum37,wgSum38,wgSum39,wgSum40,wgSum41,wgSum42,wgSum43,wgSum44,wgSum45,wgSum46,wgSum47,"
        + "wgSum48,wgSum49,wgSum50,wgSum51,wgSum52,wgSum53,wgSum54,wgSum55,wgSum56,wgSum57,wgSum58,wgSum59,wgSum60,wgSum61,wgSum62,wgSum63";

    private const string Operands = "}, %0, %1, 1, 1, 1, 0, 0;";

    /// <summary>Once, before anything else here: the sums, all zero.</summary>
    public static void DeclareSums()
    {
        CudaAsm.Emit(".reg .f32 wgSum<64>;");
        CudaAsm.Emit("mov.f32 wgSum0, 0f00000000; mov.f32 wgSum1, 0f00000000; mov.f32 wgSum2, 0f00000000; mov.f32 wgSum3, 0f00000000; "
            + "mov.f32 wgSum4, 0f00000000; mov.f32 wgSum5, 0f00000000; mov.f32 wgSum6, 0f00000000; mov.f32 wgSum7, 0f00000000;");
        CudaAsm.Emit("mov.f32 wgSum8, 0f00000000; mov.f32 wgSum9, 0f00000000; mov.f32 wgSum10, 0f00000000; mov.f32 wgSum11, 0f00000000; "
            + "mov.f32 wgSum12, 0f00000000; mov.f32 wgSum13, 0f00000000; mov.f32 wgSum14, 0f00000000; mov.f32 wgSum15, 0f00000000;");
        CudaAsm.Emit("mov.f32 wgSum16, 0f00000000; mov.f32 wgSum17, 0f00000000; mov.f32 wgSum18, 0f00000000; mov.f32 wgSum19, 0f00000000; "
            + "mov.f32 wgSum20, 0f00000000; mov.f32 wgSum21, 0f00000000; mov.f32 wgSum22, 0f00000000; mov.f32 wgSum23, 0f00000000;");
        CudaAsm.Emit("mov.f32 wgSum24, 0f00000000; mov.f32 wgSum25, 0f00000000; mov.f32 wgSum26, 0f00000000; mov.f32 wgSum27, 0f00000000; "
            + "mov.f32 wgSum28, 0f00000000; mov.f32 wgSum29, 0f00000000; mov.f32 wgSum30, 0f00000000; mov.f32 wgSum31, 0f00000000;");
        CudaAsm.Emit("mov.f32 wgSum32, 0f00000000; mov.f32 wgSum33, 0f00000000; mov.f32 wgSum34, 0f00000000; mov.f32 wgSum35, 0f00000000; "
            + "mov.f32 wgSum36, 0f00000000; mov.f32 wgSum37, 0f00000000; mov.f32 wgSum38, 0f00000000; mov.f32 wgSum39, 0f00000000;");
        CudaAsm.Emit("mov.f32 wgSum40, 0f00000000; mov.f32 wgSum41, 0f00000000; mov.f32 wgSum42, 0f00000000; mov.f32 wgSum43, 0f00000000; "
            + "mov.f32 wgSum44, 0f00000000; mov.f32 wgSum45, 0f00000000; mov.f32 wgSum46, 0f00000000; mov.f32 wgSum47, 0f00000000;");
        CudaAsm.Emit("mov.f32 wgSum48, 0f00000000; mov.f32 wgSum49, 0f00000000; mov.f32 wgSum50, 0f00000000; mov.f32 wgSum51, 0f00000000; "
            + "mov.f32 wgSum52, 0f00000000; mov.f32 wgSum53, 0f00000000; mov.f32 wgSum54, 0f00000000; mov.f32 wgSum55, 0f00000000;");
        CudaAsm.Emit("mov.f32 wgSum56, 0f00000000; mov.f32 wgSum57, 0f00000000; mov.f32 wgSum58, 0f00000000; mov.f32 wgSum59, 0f00000000; "
            + "mov.f32 wgSum60, 0f00000000; mov.f32 wgSum61, 0f00000000; mov.f32 wgSum62, 0f00000000; mov.f32 wgSum63, 0f00000000;");
    }

    /// <summary>
    /// Describes a matrix from an address on: rows of 128 bytes, eight of which are 1024 bytes, the swizzle's unit. 32 bytes of depth
    /// are 2 in the descriptor.
    /// </summary>
    public static long Describe(uint address) => (1L << 62) | (64L << 32) | (1L << 16) | ((address & 0x3FFFF) >> 4);

    /// <summary>Orders the warpgroup's earlier uses of registers before the products that follow.</summary>
    public static void Fence() => CudaAsm.Emit("wgmma.fence.sync.aligned;");

    /// <summary>Begins sums += a · b for 64 columns.</summary>
    public static void Multiply64(long a, long b) =>
        CudaAsm.Emit("wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16 {" + Sums64 + Operands, a, b);

    /// <summary>Begins sums += a · b for 128 columns.</summary>
    public static void Multiply128(long a, long b) =>
        CudaAsm.Emit("wgmma.mma_async.sync.aligned.m64n128k16.f32.f16.f16 {" + Sums128 + Operands, a, b);

    /// <summary>Makes a group of the products begun since the last.</summary>
    public static void Commit() => CudaAsm.Emit("wgmma.commit_group.sync.aligned;");

    /// <summary>Waits until no group but the last is under way.</summary>
    public static void WaitForAllButOne() => CudaAsm.Emit("wgmma.wait_group.sync.aligned 1;");

    /// <summary>Waits until all products are done.</summary>
    public static void WaitForAll() => CudaAsm.Emit("wgmma.wait_group.sync.aligned 0;");

    /// <summary>Shows the tensor cores what this thread, or its asynchronous copies, wrote to shared memory.</summary>
    public static void FenceShared() => CudaAsm.Emit("fence.proxy.async.shared::cta;");

    /// <summary>
    /// Stores columns 0 to 31 of this warp's 16 rows: of lane 4g + t, pairs of columns 2t and 2t + 1 of each 8 of row g at the address and
    /// 32 bytes on for each 8, and of row g + 8 as much 8 rows of 160 bytes on.
    /// </summary>
    public static void StoreSums0(uint address) => CudaAsm.Emit(
        "st.shared.v2.f32 [%0+0], {wgSum0,wgSum1}; st.shared.v2.f32 [%0+1280], {wgSum2,wgSum3}; "
        + "st.shared.v2.f32 [%0+32], {wgSum4,wgSum5}; st.shared.v2.f32 [%0+1312], {wgSum6,wgSum7}; "
        + "st.shared.v2.f32 [%0+64], {wgSum8,wgSum9}; st.shared.v2.f32 [%0+1344], {wgSum10,wgSum11}; "
        + "st.shared.v2.f32 [%0+96], {wgSum12,wgSum13}; st.shared.v2.f32 [%0+1376], {wgSum14,wgSum15};",
        address);

    /// <summary>The same for columns 32 to 63.</summary>
    public static void StoreSums32(uint address) => CudaAsm.Emit(
        "st.shared.v2.f32 [%0+0], {wgSum16,wgSum17}; st.shared.v2.f32 [%0+1280], {wgSum18,wgSum19}; "
        + "st.shared.v2.f32 [%0+32], {wgSum20,wgSum21}; st.shared.v2.f32 [%0+1312], {wgSum22,wgSum23}; "
        + "st.shared.v2.f32 [%0+64], {wgSum24,wgSum25}; st.shared.v2.f32 [%0+1344], {wgSum26,wgSum27}; "
        + "st.shared.v2.f32 [%0+96], {wgSum28,wgSum29}; st.shared.v2.f32 [%0+1376], {wgSum30,wgSum31};",
        address);

    /// <summary>The same for columns 64 to 95.</summary>
    public static void StoreSums64(uint address) => CudaAsm.Emit(
        "st.shared.v2.f32 [%0+0], {wgSum32,wgSum33}; st.shared.v2.f32 [%0+1280], {wgSum34,wgSum35}; "
        + "st.shared.v2.f32 [%0+32], {wgSum36,wgSum37}; st.shared.v2.f32 [%0+1312], {wgSum38,wgSum39}; "
        + "st.shared.v2.f32 [%0+64], {wgSum40,wgSum41}; st.shared.v2.f32 [%0+1344], {wgSum42,wgSum43}; "
        + "st.shared.v2.f32 [%0+96], {wgSum44,wgSum45}; st.shared.v2.f32 [%0+1376], {wgSum46,wgSum47};",
        address);

    /// <summary>The same for columns 96 to 127.</summary>
    public static void StoreSums96(uint address) => CudaAsm.Emit(
        "st.shared.v2.f32 [%0+0], {wgSum48,wgSum49}; st.shared.v2.f32 [%0+1280], {wgSum50,wgSum51}; "
        + "st.shared.v2.f32 [%0+32], {wgSum52,wgSum53}; st.shared.v2.f32 [%0+1312], {wgSum54,wgSum55}; "
        + "st.shared.v2.f32 [%0+64], {wgSum56,wgSum57}; st.shared.v2.f32 [%0+1344], {wgSum58,wgSum59}; "
        + "st.shared.v2.f32 [%0+96], {wgSum60,wgSum61}; st.shared.v2.f32 [%0+1376], {wgSum62,wgSum63};",
        address);
}
