using System.Numerics;
using LungSeg.PtxInterpreter.Execution;

namespace LungSeg.PtxInterpreter.Operations;

/// <summary>Which lane a shuffle reads, from its own number, the operand and the bounds in c; −1: its own.</summary>
internal enum ShuffleMode
{
    Xor,
    Up,
    Down,
    Index,
}

/// <summary>shfl.sync among lanes that must all be there.</summary>
internal sealed unsafe class Shuffle(ShuffleMode mode, int target, int source, int operand, int clamp, int members) : Operation
{
    public override void Execute(Warp warp, uint mask)
    {
        byte* registers = warp.Registers;
        uint* values = stackalloc uint[Lanes.Count];
        new ReadOnlySpan<uint>(registers + source, Lanes.Count).CopyTo(new Span<uint>(values, Lanes.Count));
        for (uint lanes = mask; lanes != 0; lanes &= lanes - 1)
        {
            int lane = BitOperations.TrailingZeroCount(lanes);
            uint expected = ((uint*)(registers + members))[lane] & warp.Flow.Live;
            if (expected != mask) throw warp.Fault($"shuffles among lanes 0x{expected:x8}, but 0x{mask:x8} are here", lane);
            int from = Source(lane, (int)((uint*)(registers + operand))[lane], ((uint*)(registers + clamp))[lane]);
            if ((mask >> from & 1) == 0) throw warp.Fault($"reads lane {from}, which does not take part", lane);
            ((uint*)(registers + target))[lane] = values[from];
        }
    }

    private int Source(int lane, int b, uint c)
    {
        int segment = (int)(c >> 8 & 31), bound = (int)(c & 31), low = lane & segment, high = low | (bound & ~segment);
        b &= 31;
        switch (mode)
        {
            case ShuffleMode.Xor: return (lane ^ b) <= high ? lane ^ b : lane;
            case ShuffleMode.Down: return lane + b <= high ? lane + b : lane;
            case ShuffleMode.Up: return lane - b >= high ? lane - b : lane;
            default:
                int from = low | (b & ~segment);
                return from <= high ? from : lane;
        }
    }
}

/// <summary>bar.warp.sync: what the lanes did before is visible to each other after.</summary>
internal sealed class WarpBarrier : Operation
{
    public override void Execute(Warp warp, uint mask)
    {
        warp.RequireConvergence(mask);
        warp.Epoch++;
    }
}
