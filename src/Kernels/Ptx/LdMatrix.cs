using ILGPU.Runtime.Cuda;

namespace LungSeg.Kernels.Ptx;

/// <summary>
/// Fragments from shared memory (<c>ldmatrix</c>): made for halves, it moves any 4-byte numbers where tf32 wants them too.
/// </summary>
internal static class LdMatrix
{
    /// <summary>
    /// Four blocks of 8 rows by 16 bytes: lanes 8i to 8i + 7 give the addresses of block i's rows, and lane 4g + t gets bytes 4t to
    /// 4t + 3 of row g of each block.
    /// </summary>
    public static UInt4 Load(uint rowAddress)
    {
        Output<uint> x = default, y = default, z = default, w = default;
        Input<uint> row = rowAddress;
        CudaAsm.EmitRef("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];", ref x, ref y, ref z, ref w, ref row);
        UInt4 result;
        result.X = x.Value;
        result.Y = y.Value;
        result.Z = z.Value;
        result.W = w.Value;
        return result;
    }
}
