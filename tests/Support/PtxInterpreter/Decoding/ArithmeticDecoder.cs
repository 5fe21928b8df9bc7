using LungSeg.PtxInterpreter.Execution;
using LungSeg.PtxInterpreter.Operations;
using LungSeg.PtxInterpreter.Syntax;

namespace LungSeg.PtxInterpreter.Decoding;

/// <summary>Arithmetic, logic, shifts and moves.</summary>
internal static class ArithmeticDecoder
{
    private static readonly HashSet<string> Names =
    [
        "abs", "add", "and", "div", "ex2", "fma", "mad", "max", "min", "mov", "mul", "neg", "not", "or", "rcp", "rem", "shl", "shr", "sqrt",
        "sub", "xor",
    ];

    public static Operation? Decode(Instruction instruction, RegisterMap registers)
    {
        string type = instruction.Type;
        if (!Names.Contains(instruction.Name) || type == "pred") return null;
        IReadOnlyList<Operand> operands = instruction.Operands;
        // The form without type, but with what changes its meaning.
        string name = instruction.Name switch
        {
            "mul" or "mad" => $"{instruction.Name}{(instruction.Has("wide") ? ".wide" : instruction.Has("hi") ? ".hi" : "")}",
            "rcp" or "sqrt" or "ex2" => $"{instruction.Name}.{instruction.Parts[1]}",
            _ => instruction.Name,
        };
        if (name == "mov") return Move(instruction, registers);
        return operands.Count switch
        {
            2 => Unary(name, type, Place(operands[0], type), Place(operands[1], type)),
            3 when name is "shl" or "shr" => Shift(name, type, Place(operands[0], type), Place(operands[1], type),
                registers.Place32(operands[2])),
            3 when name == "mul.wide" => Wide(type, registers.Place64(operands[0]), registers.Place32(operands[1]),
                registers.Place32(operands[2])),
            3 => Binary(name, type, Place(operands[0], type), Place(operands[1], type), Place(operands[2], type)),
            4 when name == "mad.wide" => WideSum(type, registers, operands),
            4 when name is "mad" or "fma" => Sum(type, Place(operands[0], type), Place(operands[1], type), Place(operands[2], type),
                Place(operands[3], type)),
            _ => null,
        };

        int Place(Operand operand, string of) => registers.Place(operand, Types.Bits(of));
    }

    private static Operation? Move(Instruction instruction, RegisterMap registers)
    {
        int bits = Types.Bits(instruction.Type);
        switch (instruction.Operands)
        {
            case [Operand.Vector { Elements: [Operand low, Operand high] }, var packed] when bits == 32:
                return new Sequence(
                    new Unary<uint, uint, LowHalf>(registers.Place32(low), registers.Place32(packed)),
                    new Unary<uint, uint, HighHalf>(registers.Place32(high), registers.Place32(packed)));
            case [var packed, Operand.Vector { Elements: [Operand low, Operand high] }] when bits == 32:
                return new Binary<uint, uint, uint, PackBits>(registers.Place32(packed), registers.Place32(low), registers.Place32(high));
            case [Operand.Register target, Operand source] when bits == 64:
                return new Move<ulong>(registers.Place64(target), registers.Place64(source));
            case [Operand.Register target, Operand source]:
                return new Move<uint>(registers.Place32(target), registers.Place32(source));
            default:
                return null;
        }
    }

    private static Operation? Unary(string name, string type, int y, int x) => (name, type) switch
    {
        ("neg", "s32") => new Unary<int, int, Negate<int>>(y, x),
        ("neg", "s64") => new Unary<long, long, Negate<long>>(y, x),
        ("neg", "f32") => new Unary<float, float, Negate<float>>(y, x),
        ("neg", "f64") => new Unary<double, double, Negate<double>>(y, x),
        ("abs", "s32") => new Unary<int, int, Absolute<int>>(y, x),
        ("abs", "f32") => new Unary<float, float, Absolute<float>>(y, x),
        ("not", "b32") => new Unary<uint, uint, Not<uint>>(y, x),
        ("not", "b64") => new Unary<ulong, ulong, Not<ulong>>(y, x),
        ("rcp.rn", "f32") => new Unary<float, float, ReciprocalRounded>(y, x),
        ("rcp.approx", "f32") => new Unary<float, float, ReciprocalApproximately>(y, x),
        ("sqrt.rn", "f32") => new Unary<float, float, SquareRoot>(y, x),
        ("ex2.approx", "f32") => new Unary<float, float, Exp2Approximately>(y, x),
        _ => null,
    };

    private static Operation? Binary(string name, string type, int y, int a, int b) => type switch
    {
        "f32" => Float<float>(name, y, a, b),
        "f64" => Float<double>(name, y, a, b),
        "s32" => Integer<int, long>(name, y, a, b),
        "u32" or "b32" => Integer<uint, ulong>(name, y, a, b),
        "s64" => Integer<long, Int128>(name, y, a, b),
        "u64" or "b64" => Integer<ulong, UInt128>(name, y, a, b),
        "f16x2" when name == "mul" => new Binary<uint, uint, uint, MultiplyHalves>(y, a, b),
        _ => null,
    };

    private static Operation? Float<T>(string name, int y, int a, int b) where T : unmanaged, System.Numerics.INumber<T> => name switch
    {
        "add" => new VectorBinary<T, Add<T>>(y, a, b),
        "sub" => new VectorBinary<T, Subtract<T>>(y, a, b),
        "mul" => new VectorBinary<T, Multiply<T>>(y, a, b),
        "div" => new Binary<T, T, T, Divide<T>>(y, a, b),
        "min" => new Binary<T, T, T, Minimum<T>>(y, a, b),
        "max" => new Binary<T, T, T, Maximum<T>>(y, a, b),
        _ => null,
    };

    private static Operation? Integer<T, TWide>(string name, int y, int a, int b)
        where T : unmanaged, System.Numerics.IBinaryInteger<T> where TWide : unmanaged, System.Numerics.IBinaryInteger<TWide> => name switch
        {
            "add" => new VectorBinary<T, Add<T>>(y, a, b),
            "sub" => new VectorBinary<T, Subtract<T>>(y, a, b),
            "mul" => new VectorBinary<T, Multiply<T>>(y, a, b),
            "mul.hi" => new Binary<T, T, T, MultiplyHigh<T, TWide>>(y, a, b),
            "div" => new Binary<T, T, T, Divide<T>>(y, a, b),
            "rem" => new Binary<T, T, T, Remainder<T>>(y, a, b),
            "min" => new Binary<T, T, T, Minimum<T>>(y, a, b),
            "max" => new Binary<T, T, T, Maximum<T>>(y, a, b),
            "and" => new VectorBinary<T, And<T>>(y, a, b),
            "or" => new VectorBinary<T, Or<T>>(y, a, b),
            "xor" => new VectorBinary<T, ExclusiveOr<T>>(y, a, b),
            _ => null,
        };

    private static Operation? Shift(string name, string type, int y, int a, int count) => (name, type) switch
    {
        ("shl", "b32") => new Binary<uint, uint, uint, ShiftLeft<uint>>(y, a, count),
        ("shl", "b64") => new Binary<ulong, uint, ulong, ShiftLeft<ulong>>(y, a, count),
        ("shr", "s32") => new Binary<int, uint, int, ShiftRight<int>>(y, a, count),
        ("shr", "u32" or "b32") => new Binary<uint, uint, uint, ShiftRight<uint>>(y, a, count),
        ("shr", "s64") => new Binary<long, uint, long, ShiftRight<long>>(y, a, count),
        ("shr", "u64" or "b64") => new Binary<ulong, uint, ulong, ShiftRight<ulong>>(y, a, count),
        _ => null,
    };

    private static Operation? Sum(string type, int y, int a, int b, int c) => type switch
    {
        "f32" => new Ternary<float, float, float, FusedMultiplyAdd<float>>(y, a, b, c),
        "f64" => new Ternary<double, double, double, FusedMultiplyAdd<double>>(y, a, b, c),
        "s32" => new Ternary<int, int, int, MultiplyAdd<int>>(y, a, b, c),
        "u32" => new Ternary<uint, uint, uint, MultiplyAdd<uint>>(y, a, b, c),
        "s64" => new Ternary<long, long, long, MultiplyAdd<long>>(y, a, b, c),
        "u64" => new Ternary<ulong, ulong, ulong, MultiplyAdd<ulong>>(y, a, b, c),
        _ => null,
    };

    private static Operation? Wide(string type, int y, int a, int b) => type switch
    {
        "s32" => new Binary<int, int, long, MultiplyWide<int, long>>(y, a, b),
        "u32" => new Binary<uint, uint, ulong, MultiplyWide<uint, ulong>>(y, a, b),
        _ => null,
    };

    private static Operation? WideSum(string type, RegisterMap registers, IReadOnlyList<Operand> operands)
    {
        int y = registers.Place64(operands[0]), a = registers.Place32(operands[1]), b = registers.Place32(operands[2]),
            c = registers.Place64(operands[3]);
        return type switch
        {
            "s32" => new Ternary<int, long, long, MultiplyAddWide<int, long>>(y, a, b, c),
            "u32" => new Ternary<uint, ulong, ulong, MultiplyAddWide<uint, ulong>>(y, a, b, c),
            _ => null,
        };
    }
}
