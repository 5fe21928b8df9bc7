using LungSeg.PtxInterpreter.Execution;

namespace LungSeg.PtxInterpreter.Operations;

/// <summary>
/// wgmma.mma_async of halves: this warp's 16 of the warpgroup's 64 rows of A, all columns of B, 16 deep. It begins; the sums arrive
/// when its group is waited for, and until then the registers hold not-a-number.
/// </summary>
internal sealed unsafe class BeginProduct(int[] sums, int a, int b) : Operation
{
    private const int Rows = 16;
    private readonly int _columns = sums.Length * 2;

    public override void Execute(Warp warp, uint mask)
    {
        warp.RequireConvergence(mask);
        if ((warp.Index | 3) >= warp.Block.Warps.Count) throw warp.Fault("needs four warps: this one's warpgroup is not whole");
        if (!warp.Products.IsFenced) throw warp.Fault("begins a product without a wgmma.fence since the last group");
        var rows = new MatrixDescriptor(Uniform(warp, a)).Rows(warp, warp.Index % 4 * Rows, Rows);
        var columns = new MatrixDescriptor(Uniform(warp, b)).Rows(warp, 0, _columns);
        foreach (uint row in rows.Concat(columns).SelectMany(pieces => pieces))
        {
            warp.Shared(row, MatrixDescriptor.PieceBytes, 0);
            warp.Check(warp.Block.Shared.BeginProduct(row, MatrixDescriptor.PieceBytes, index => warp.Block.FencesOf(index)), row, 0);
        }
        warp.Products.Begin(new AsyncProduct(sums, rows, columns), warp);
    }

    private static ulong Uniform(Warp warp, int place)
    {
        var values = new ReadOnlySpan<ulong>(warp.Registers + place, Lanes.Count);
        return values.ContainsAnyExcept(values[0]) ? throw warp.Fault("lanes give different descriptors") : values[0];
    }
}

/// <summary>
/// Where a matrix lies in shared memory, as wgmma's 64 bits describe it: swizzled by 128 bytes, depth in neighbouring elements.
/// </summary>
internal readonly struct MatrixDescriptor(ulong bits)
{
    /// <summary>Bytes that the swizzle keeps together.</summary>
    public const int PieceBytes = 16;

    private const int RowBytes = 128, PiecesDeep = 2;

    /// <summary>For each row, the addresses of its two pieces, 16 halves in all.</summary>
    public uint[][] Rows(Warp warp, int first, int count)
    {
        if (bits >> 62 != 1) throw warp.Fault($"the interpreter knows matrices swizzled by 128 bytes only, not mode {bits >> 62}");
        if ((bits >> 49 & 7) != 0) throw warp.Fault("the interpreter knows no base offset");
        uint start = (uint)(bits & 0x3FFF) << 4, eightRows = (uint)(bits >> 32 & 0x3FFF) << 4;
        var rows = new uint[count][];
        for (int i = 0; i < count; i++)
        {
            rows[i] = new uint[PiecesDeep];
            for (int piece = 0; piece < PiecesDeep; piece++)
            {
                uint address = start + ((uint)((first + i) / 8) * eightRows) + ((uint)((first + i) % 8) * RowBytes)
                    + (uint)(piece * PieceBytes);
                rows[i][piece] = address ^ ((address >> 7 & 7) << 4);
            }
        }
        return rows;
    }
}

/// <summary>wgmma.fence.</summary>
internal sealed class FenceProducts : Operation
{
    public override void Execute(Warp warp, uint mask)
    {
        warp.RequireConvergence(mask);
        warp.Products.IsFenced = true;
    }
}

/// <summary>wgmma.commit_group.</summary>
internal sealed class CommitProducts : Operation
{
    public override void Execute(Warp warp, uint mask)
    {
        warp.RequireConvergence(mask);
        warp.Products.Commit();
    }
}

/// <summary>wgmma.wait_group.</summary>
internal sealed class WaitForProducts(int groupsLeft) : Operation
{
    public override void Execute(Warp warp, uint mask)
    {
        warp.RequireConvergence(mask);
        warp.Products.WaitFor(groupsLeft, warp);
    }
}

/// <summary>fence.proxy.async: the tensor cores see what the warp wrote.</summary>
internal sealed class FenceShared : Operation
{
    public override void Execute(Warp warp, uint mask)
    {
        warp.RequireConvergence(mask);
        warp.Fences++;
    }
}
