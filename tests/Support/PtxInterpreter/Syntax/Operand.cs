namespace LungSeg.PtxInterpreter.Syntax;

/// <summary>An operand as written.</summary>
internal abstract record Operand
{
    /// <summary>A register by its number in the kernel: names of inner scopes hide those of outer ones.</summary>
    public sealed record Register(int Index, RegisterClass Class) : Operand;

    /// <summary>The bits of a number; float immediates are bits already.</summary>
    public sealed record Immediate(ulong Bits) : Operand;

    /// <summary>A special register such as %tid.x, a label, a parameter or a variable.</summary>
    public sealed record Symbol(string Name) : Operand;

    /// <summary>[base + offset].</summary>
    public sealed record Address(Operand Base, long Offset) : Operand;

    /// <summary>{a, b, …}.</summary>
    public sealed record Vector(IReadOnlyList<Operand> Elements) : Operand;

    /// <summary>!p.</summary>
    public sealed record Negated(Operand Predicate) : Operand;
}

/// <summary>What a register holds.</summary>
internal enum RegisterClass
{
    Predicate,
    Bits16,
    Bits32,
    Bits64,
}
