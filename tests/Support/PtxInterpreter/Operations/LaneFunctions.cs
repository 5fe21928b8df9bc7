using System.Numerics;
using System.Runtime.Intrinsics;
using LungSeg.PtxInterpreter.Execution;

namespace LungSeg.PtxInterpreter.Operations;

/// <summary>A function of one lane.</summary>
internal interface IUnary<TIn, TOut>
{
    static abstract TOut Apply(TIn x);
}

/// <summary>A function of two operands' lanes.</summary>
internal interface IBinary<TIn, TSecond, TOut>
{
    static abstract TOut Apply(TIn a, TSecond b);
}

/// <summary>A function of three operands' lanes.</summary>
internal interface ITernary<TIn, TLast, TOut>
{
    static abstract TOut Apply(TIn a, TIn b, TLast c);
}

/// <summary>A function of two operands, many lanes at once.</summary>
internal interface IVectorBinary<T>
{
    static abstract Vector512<T> Apply(Vector512<T> a, Vector512<T> b);
}

internal sealed unsafe class Unary<TIn, TOut, F>(int target, int a) : Operation
    where TIn : unmanaged where TOut : unmanaged where F : struct, IUnary<TIn, TOut>
{
    public override void Execute(Warp warp, uint mask)
    {
        var x = (TIn*)(warp.Registers + a);
        var y = (TOut*)(warp.Registers + target);
        for (uint lanes = mask; lanes != 0; lanes &= lanes - 1)
        {
            int lane = BitOperations.TrailingZeroCount(lanes);
            y[lane] = F.Apply(x[lane]);
        }
    }
}

internal sealed unsafe class Binary<TIn, TSecond, TOut, F>(int target, int a, int b) : Operation
    where TIn : unmanaged where TSecond : unmanaged where TOut : unmanaged where F : struct, IBinary<TIn, TSecond, TOut>
{
    public override void Execute(Warp warp, uint mask)
    {
        var x = (TIn*)(warp.Registers + a);
        var y = (TSecond*)(warp.Registers + b);
        var z = (TOut*)(warp.Registers + target);
        for (uint lanes = mask; lanes != 0; lanes &= lanes - 1)
        {
            int lane = BitOperations.TrailingZeroCount(lanes);
            z[lane] = F.Apply(x[lane], y[lane]);
        }
    }
}

internal sealed unsafe class Ternary<TIn, TLast, TOut, F>(int target, int a, int b, int c) : Operation
    where TIn : unmanaged where TLast : unmanaged where TOut : unmanaged where F : struct, ITernary<TIn, TLast, TOut>
{
    public override void Execute(Warp warp, uint mask)
    {
        var x = (TIn*)(warp.Registers + a);
        var y = (TIn*)(warp.Registers + b);
        var z = (TLast*)(warp.Registers + c);
        var result = (TOut*)(warp.Registers + target);
        for (uint lanes = mask; lanes != 0; lanes &= lanes - 1)
        {
            int lane = BitOperations.TrailingZeroCount(lanes);
            result[lane] = F.Apply(x[lane], y[lane], z[lane]);
        }
    }
}

internal sealed unsafe class VectorBinary<T, F>(int target, int a, int b) : Operation where T : unmanaged where F : struct, IVectorBinary<T>
{
    public override void Execute(Warp warp, uint mask)
    {
        byte* registers = warp.Registers;
        for (int part = 0; part < Lanes.Count / Lanes.Width<T>(); part++)
            Lanes.Store(registers + target, part, F.Apply(Lanes.Load<T>(registers + a, part), Lanes.Load<T>(registers + b, part)), mask);
    }
}

/// <summary>A copy, 4 or 8 bytes of each lane.</summary>
internal sealed unsafe class Move<T>(int target, int a) : Operation where T : unmanaged
{
    public override void Execute(Warp warp, uint mask)
    {
        byte* registers = warp.Registers;
        for (int part = 0; part < Lanes.Count / Lanes.Width<T>(); part++)
            Lanes.Store(registers + target, part, Lanes.Load<T>(registers + a, part), mask);
    }
}

/// <summary>a where the predicate holds, else b.</summary>
internal sealed unsafe class Select<T>(int target, int a, int b, int predicate) : Operation where T : unmanaged
{
    public override void Execute(Warp warp, uint mask)
    {
        byte* registers = warp.Registers;
        uint chosen = warp.Predicates[predicate];
        for (int part = 0; part < Lanes.Count / Lanes.Width<T>(); part++)
        {
            Vector512<T> choice = Lanes.Mask<T>(chosen >> (part * Lanes.Width<T>()));
            Lanes.Store(registers + target, part,
                Vector512.ConditionalSelect(choice, Lanes.Load<T>(registers + a, part), Lanes.Load<T>(registers + b, part)), mask);
        }
    }
}

/// <summary>A comparison's bits in a predicate.</summary>
internal sealed unsafe class Compare<T, F>(int predicate, int a, int b) : Operation where T : unmanaged where F : struct, IVectorBinary<T>
{
    public override void Execute(Warp warp, uint mask)
    {
        byte* registers = warp.Registers;
        uint bits = 0;
        for (int part = 0; part < Lanes.Count / Lanes.Width<T>(); part++)
            bits |= Lanes.ToBits(F.Apply(Lanes.Load<T>(registers + a, part), Lanes.Load<T>(registers + b, part)), part);
        uint* target = warp.Predicates + predicate;
        *target = (*target & ~mask) | (bits & mask);
    }
}

/// <summary>A function of two predicates.</summary>
internal sealed unsafe class PredicateBinary<F>(int target, int a, int b) : Operation where F : struct, IBinary<uint, uint, uint>
{
    public override void Execute(Warp warp, uint mask) =>
        warp.Predicates[target] = (warp.Predicates[target] & ~mask) | (F.Apply(warp.Predicates[a], warp.Predicates[b]) & mask);
}

/// <summary>An operation that orders memory accesses, which the interpreter runs in order anyway.</summary>
internal sealed class Nothing : Operation
{
    public override void Execute(Warp warp, uint mask) { }
}
