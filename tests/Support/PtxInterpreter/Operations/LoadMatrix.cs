using LungSeg.PtxInterpreter.Execution;

namespace LungSeg.PtxInterpreter.Operations;

/// <summary>ldmatrix, blocks of 8 rows by 16 bytes: lane 4g + t gets bytes 4t to 4t + 3 of row g of each.</summary>
internal sealed unsafe class LoadMatrix(int[] targets, int address, long offset) : Operation
{
    private const int RowBytes = 16;

    public override void Execute(Warp warp, uint mask)
    {
        warp.RequireConvergence(mask);
        var rows = (uint*)(warp.Registers + address);
        byte** places = stackalloc byte*[Lanes.Count];
        Span<uint> addresses = stackalloc uint[targets.Length * 8];
        for (int row = 0; row < addresses.Length; row++) addresses[row] = rows[row] + (uint)offset;
        warp.CountBanks(addresses, RowBytes);
        // A row's reader is the lane that gives its address: within the warp that is the same for races.
        for (int row = 0; row < targets.Length * 8; row++)
            places[row] = SharedSpace.Place(warp, rows[row] + (uint)offset, RowBytes, row, isStore: false);
        for (int block = 0; block < targets.Length; block++)
        {
            var target = (uint*)(warp.Registers + targets[block]);
            for (int lane = 0; lane < Lanes.Count; lane++) target[lane] = ((uint*)places[(block * 8) + (lane / 4)])[lane % 4];
        }
    }
}
