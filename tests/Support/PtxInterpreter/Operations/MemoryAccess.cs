using System.Numerics;
using LungSeg.PtxInterpreter.Execution;

namespace LungSeg.PtxInterpreter.Operations;

/// <summary>Where an access's memory lies.</summary>
internal interface ISpace
{
    /// <summary>The lane's memory, checked, with the access noted.</summary>
    static abstract unsafe byte* Place(Warp warp, int addressRegister, long offset, int bytes, int lane, bool isStore);

    /// <summary>Counts the banks that the lanes' access asks for, where there are any.</summary>
    static abstract void Count(Warp warp, int addressRegister, long offset, int bytes, uint mask);
}

internal readonly struct GlobalSpace : ISpace
{
    public static unsafe byte* Place(Warp warp, int addressRegister, long offset, int bytes, int lane, bool isStore) =>
        warp.Global(((ulong*)(warp.Registers + addressRegister))[lane] + (ulong)offset, bytes, lane);

    public static void Count(Warp warp, int addressRegister, long offset, int bytes, uint mask)
    {
    }
}

/// <summary>Shared memory by 32-bit address.</summary>
internal readonly struct SharedSpace : ISpace
{
    public static unsafe byte* Place(Warp warp, int addressRegister, long offset, int bytes, int lane, bool isStore) =>
        Place(warp, ((uint*)(warp.Registers + addressRegister))[lane] + (uint)offset, bytes, lane, isStore);

    public static unsafe void Count(Warp warp, int addressRegister, long offset, int bytes, uint mask)
    {
        if (!warp.Block.CountsBanks) return;
        Span<uint> addresses = stackalloc uint[BitOperations.PopCount(mask)];
        int count = 0;
        for (uint lanes = mask; lanes != 0; lanes &= lanes - 1)
            addresses[count++] = ((uint*)(warp.Registers + addressRegister))[BitOperations.TrailingZeroCount(lanes)] + (uint)offset;
        warp.CountBanks(addresses, bytes);
    }

    public static unsafe byte* Place(Warp warp, uint address, int bytes, int lane, bool isStore)
    {
        byte* place = warp.Shared(address, bytes, lane);
        Memory.SharedMemory shared = warp.Block.Shared;
        warp.Check(
            isStore ? shared.Write(address, bytes, warp.Thread(lane), warp.Epoch, warp.Fences)
                : shared.Read(address, bytes, warp.Thread(lane), warp.Epoch), address, lane);
        return place;
    }
}

/// <summary>Shared memory by 64-bit address, as ILGPU writes it.</summary>
internal readonly struct WideSharedSpace : ISpace
{
    public static unsafe byte* Place(Warp warp, int addressRegister, long offset, int bytes, int lane, bool isStore) =>
        SharedSpace.Place(warp, (uint)(((ulong*)(warp.Registers + addressRegister))[lane] + (ulong)offset), bytes, lane, isStore);

    public static unsafe void Count(Warp warp, int addressRegister, long offset, int bytes, uint mask)
    {
        if (!warp.Block.CountsBanks) return;
        Span<uint> addresses = stackalloc uint[BitOperations.PopCount(mask)];
        int count = 0;
        for (uint lanes = mask; lanes != 0; lanes &= lanes - 1)
            addresses[count++] = (uint)(((ulong*)(warp.Registers + addressRegister))[BitOperations.TrailingZeroCount(lanes)]
                + (ulong)offset);
        warp.CountBanks(addresses, bytes);
    }
}

/// <summary>A load of one to four elements of a type into registers of another of the same or greater size.</summary>
internal sealed unsafe class Load<TSpace, TElement, TRegister>(int[] targets, int address, long offset) : Operation
    where TSpace : struct, ISpace where TElement : unmanaged, IBinaryInteger<TElement> where TRegister : unmanaged,
    IBinaryInteger<TRegister>
{
    private readonly int _bytes = targets.Length * sizeof(TElement);

    public override void Execute(Warp warp, uint mask)
    {
        TSpace.Count(warp, address, offset, _bytes, mask);
        for (uint lanes = mask; lanes != 0; lanes &= lanes - 1)
        {
            int lane = BitOperations.TrailingZeroCount(lanes);
            var place = (TElement*)TSpace.Place(warp, address, offset, _bytes, lane, isStore: false);
            for (int i = 0; i < targets.Length; i++)
                ((TRegister*)(warp.Registers + targets[i]))[lane] = TRegister.CreateTruncating(place[i]);
        }
    }
}

/// <summary>A store of one to four elements.</summary>
internal sealed unsafe class Store<TSpace, TElement, TRegister>(int[] sources, int address, long offset) : Operation
    where TSpace : struct, ISpace where TElement : unmanaged, IBinaryInteger<TElement> where TRegister : unmanaged,
    IBinaryInteger<TRegister>
{
    private readonly int _bytes = sources.Length * sizeof(TElement);

    public override void Execute(Warp warp, uint mask)
    {
        TSpace.Count(warp, address, offset, _bytes, mask);
        for (uint lanes = mask; lanes != 0; lanes &= lanes - 1)
        {
            int lane = BitOperations.TrailingZeroCount(lanes);
            var place = (TElement*)TSpace.Place(warp, address, offset, _bytes, lane, isStore: true);
            for (int i = 0; i < sources.Length; i++)
                place[i] = TElement.CreateTruncating(((TRegister*)(warp.Registers + sources[i]))[lane]);
        }
    }
}

/// <summary>ld.param: the same for all lanes.</summary>
internal sealed unsafe class LoadParameter<T>(int target, int offset) : Operation where T : unmanaged
{
    public override void Execute(Warp warp, uint mask)
    {
        T value = System.Runtime.InteropServices.MemoryMarshal.Read<T>(warp.Block.Parameters.AsSpan(offset));
        for (uint lanes = mask; lanes != 0; lanes &= lanes - 1)
            ((T*)(warp.Registers + target))[BitOperations.TrailingZeroCount(lanes)] = value;
    }
}
