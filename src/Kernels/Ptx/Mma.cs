using ILGPU.Runtime.Cuda;

namespace LungSeg.Kernels.Ptx;

/// <summary>
/// Tensor cores by warp (<c>mma.sync</c>, sm_80). A fragment of A is 16 rows by 32 bytes of the reduction, one of B 8 columns by 32
/// bytes; a lane's registers are those that <see cref="LdMatrix.Load"/> leaves. Sums: of lane 4g + t, X and Y lie in row g, columns
/// 2t and 2t + 1, Z and W in row g + 8.
/// </summary>
internal static class Mma
{
    /// <summary>16 halves deep, sums in float32.</summary>
    public static Float4 Halves(Float4 sums, UInt4 a, uint b0, uint b1)
    {
        Ref<float> x = sums.X, y = sums.Y, z = sums.Z, w = sums.W;
        Input<uint> a0 = a.X, a1 = a.Y, a2 = a.Z, a3 = a.W, b2 = b0, b3 = b1;
        CudaAsm.EmitRef(
            "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};",
            ref x, ref y, ref z, ref w, ref a0, ref a1, ref a2, ref a3, ref b2, ref b3);
        sums.X = x.Value;
        sums.Y = y.Value;
        sums.Z = z.Value;
        sums.W = w.Value;
        return sums;
    }

    /// <summary>8 tf32 numbers deep, sums in float32. The operands must be rounded to tf32: the cores cut off what is left.</summary>
    public static Float4 Tf32(Float4 sums, UInt4 a, uint b0, uint b1)
    {
        Ref<float> x = sums.X, y = sums.Y, z = sums.Z, w = sums.W;
        Input<uint> a0 = a.X, a1 = a.Y, a2 = a.Z, a3 = a.W, b2 = b0, b3 = b1;
        CudaAsm.EmitRef(
            "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};",
            ref x, ref y, ref z, ref w, ref a0, ref a1, ref a2, ref a3, ref b2, ref b3);
        sums.X = x.Value;
        sums.Y = y.Value;
        sums.Z = z.Value;
        sums.W = w.Value;
        return sums;
    }

    /// <summary>The nearest tf32 number, ties away from zero.</summary>
    public static uint RoundToTf32(uint value)
    {
        CudaAsm.Emit("cvt.rna.tf32.f32 %0, %1;", out uint rounded, value);
        return rounded;
    }
}
