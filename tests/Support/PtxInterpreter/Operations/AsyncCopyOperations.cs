using System.Numerics;
using LungSeg.PtxInterpreter.Execution;
using LungSeg.PtxInterpreter.Memory;

namespace LungSeg.PtxInterpreter.Operations;

/// <summary>cp.async of 16 bytes: its place in shared memory belongs to the copy until its group is waited for.</summary>
internal sealed unsafe class BeginAsyncCopy(int target, long targetOffset, int source, long sourceOffset, int bytes) : Operation
{
    public const int Size = 16;

    public override void Execute(Warp warp, uint mask)
    {
        byte* registers = warp.Registers;
        SharedSpace.Count(warp, target, targetOffset, Size, mask);
        for (uint lanes = mask; lanes != 0; lanes &= lanes - 1)
        {
            int lane = BitOperations.TrailingZeroCount(lanes);
            uint to = ((uint*)(registers + target))[lane] + (uint)targetOffset;
            int count = (int)((uint*)(registers + bytes))[lane];
            if (count is < 0 or > Size) throw warp.Fault($"copies {count} bytes of {Size}", lane);
            // Without bytes to read, the source's address is not looked at.
            byte* from = count > 0 ? warp.Global(((ulong*)(registers + source))[lane] + (ulong)sourceOffset, Size, lane) : null;
            warp.Shared(to, Size, lane);
            warp.Check(warp.Block.Shared.Copy(to, Size, warp.Thread(lane), warp.Epoch, warp.Fences, arrived: false), to, lane);
            warp.Copies.Begin(new AsyncCopy(lane, to, (nint)from, count, Size));
        }
    }
}

/// <summary>cp.async.commit_group. Groups are counted for the warp, so all its lanes must be here.</summary>
internal sealed class CommitAsyncCopies : Operation
{
    public override void Execute(Warp warp, uint mask)
    {
        warp.RequireConvergence(mask);
        warp.Copies.Commit();
    }
}

/// <summary>cp.async.wait_group: what the older groups bring arrives now.</summary>
internal sealed unsafe class WaitForAsyncCopies(int groupsLeft) : Operation
{
    public override void Execute(Warp warp, uint mask)
    {
        warp.RequireConvergence(mask);
        foreach (AsyncCopy copy in warp.Copies.WaitFor(groupsLeft))
        {
            var target = new Span<byte>(warp.Shared(copy.Target, copy.Size, copy.Lane), copy.Size);
            target.Clear();
            new ReadOnlySpan<byte>((void*)copy.Source, copy.Bytes).CopyTo(target);
            warp.Check(warp.Block.Shared.Copy(copy.Target, copy.Size, warp.Thread(copy.Lane), warp.Epoch, warp.Fences, arrived: true),
                copy.Target, copy.Lane);
        }
    }
}
