using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LungSeg.PtxInterpreter.Execution;

/// <summary>The 32 lanes of a register, 16 or 8 at a time.</summary>
internal static unsafe class Lanes
{
    public const int Count = 32;
    public const uint All = uint.MaxValue;

    private static readonly Vector512<uint> Bits32 = Vector512.Create(Enumerable.Range(0, 16).Select(i => 1u << i).ToArray());
    private static readonly Vector512<ulong> Bits64 = Vector512.Create(Enumerable.Range(0, 8).Select(i => 1UL << i).ToArray());

    /// <summary>Lanes that fit a vector.</summary>
    public static int Width<T>() where T : unmanaged => 64 / sizeof(T);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Load<T>(byte* register, int part) where T : unmanaged => Vector512.Load((T*)register + (part * Width<T>()));

    /// <summary>Writes the lanes of the mask and leaves the others.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<T>(byte* register, int part, Vector512<T> value, uint mask) where T : unmanaged
    {
        T* target = (T*)register + (part * Width<T>());
        if (mask != All) value = Vector512.ConditionalSelect(Mask<T>(mask >> (part * Width<T>())), value, Vector512.Load(target));
        value.Store(target);
    }

    /// <summary>The lanes of a comparison's result as bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint ToBits<T>(Vector512<T> comparison, int part) where T : unmanaged =>
        (uint)comparison.ExtractMostSignificantBits() << (part * Width<T>());

    /// <summary>All bits of the lanes whose bit is set, from bit 0 on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Mask<T>(uint bits) where T : unmanaged => sizeof(T) == 4
        ? Vector512.Equals(Vector512.Create(bits) & Bits32, Bits32).As<uint, T>()
        : Vector512.Equals(Vector512.Create((ulong)bits) & Bits64, Bits64).As<ulong, T>();
}
