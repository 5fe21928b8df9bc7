using LungSeg.PtxInterpreter.Execution;
using LungSeg.PtxInterpreter.Operations;
using LungSeg.PtxInterpreter.Syntax;

namespace LungSeg.PtxInterpreter.Decoding;

/// <summary><c>cvt</c>.</summary>
internal static class ConversionDecoder
{
    public static Operation? Decode(Instruction instruction, RegisterMap registers)
    {
        if (instruction.Name != "cvt") return null;
        IReadOnlyList<Operand> operands = instruction.Operands;
        string to = instruction.Parts[^2], from = instruction.Parts[^1];
        if (to == "f16x2")
        {
            return new Binary<float, float, uint, PackHalves>(registers.Place32(operands[0]), registers.Place32(operands[1]),
                registers.Place32(operands[2]));
        }
        int y = registers.Place(operands[0], Types.Bits(to)), x = registers.Place(operands[1], Types.Bits(from));
        return (to, from) switch
        {
            ("s64", "s32") => new Unary<int, long, IntegerToInteger<int, long>>(y, x),
            ("u64", "u32") => new Unary<uint, ulong, IntegerToInteger<uint, ulong>>(y, x),
            ("s32" or "u32", "s64" or "u64") => new Unary<ulong, uint, IntegerToInteger<ulong, uint>>(y, x),
            ("u16", "u32") or ("u32", "u16") => new Unary<uint, uint, LowHalf>(y, x),
            ("f32", "s32") => new Unary<int, float, ToFloat<int, float>>(y, x),
            ("f32", "u32") => new Unary<uint, float, ToFloat<uint, float>>(y, x),
            ("f64", "s32") => new Unary<int, double, ToFloat<int, double>>(y, x),
            ("f64", "u32") => new Unary<uint, double, ToFloat<uint, double>>(y, x),
            ("f64", "f32") => new Unary<float, double, ToFloat<float, double>>(y, x),
            ("f32", "f64") => new Unary<double, float, ToFloat<double, float>>(y, x),
            ("s32", "f32") when instruction.Has("rzi") => new Unary<float, int, TowardsZero<float, int>>(y, x),
            ("s32", "f64") when instruction.Has("rzi") => new Unary<double, int, TowardsZero<double, int>>(y, x),
            ("f32", "f16") => new Unary<uint, float, HalfToFloat>(y, x),
            ("f16", "f32") => new Unary<float, uint, FloatToHalf>(y, x),
            ("tf32", "f32") when instruction.Has("rna") => new Unary<uint, uint, FloatToTf32>(y, x),
            _ => null,
        };
    }
}
