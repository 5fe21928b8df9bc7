using LungSeg.PtxInterpreter.Execution;
using LungSeg.PtxInterpreter.Operations;
using LungSeg.PtxInterpreter.Syntax;

namespace LungSeg.PtxInterpreter.Decoding;

/// <summary>Comparisons, predicates, and selections by predicate.</summary>
internal static class PredicateDecoder
{
    public static Operation? Decode(Instruction instruction, RegisterMap registers)
    {
        IReadOnlyList<Operand> operands = instruction.Operands;
        switch (instruction.Name)
        {
            case "setp" when operands.Count == 3:
                int bits = Types.Bits(instruction.Type);
                return Compare(instruction.Parts[1], instruction.Type, registers.Predicate(operands[0]), registers.Place(operands[1], bits),
                    registers.Place(operands[2], bits));
            case "testp" when instruction.Parts[1] == "notanumber" && instruction.Type == "f32":
                int x = registers.Place32(operands[1]);
                return new Compare<float, NotEqualTo<float>>(registers.Predicate(operands[0]), x, x);
            case "selp":
                int width = Types.Bits(instruction.Type);
                int a = registers.Place(operands[1], width), b = registers.Place(operands[2], width),
                    predicate = registers.Predicate(operands[3]), target = registers.Place(operands[0], width);
                return width == 64 ? new Select<ulong>(target, a, b, predicate) : new Select<uint>(target, a, b, predicate);
            case "and" or "or" or "xor" when instruction.Type == "pred":
                (int p, int q, int r) = (registers.Predicate(operands[0]), registers.Predicate(operands[1]),
                    registers.Predicate(operands[2]));
                return instruction.Name switch
                {
                    "and" => new PredicateBinary<AndBits>(p, q, r),
                    "or" => new PredicateBinary<OrBits>(p, q, r),
                    _ => new PredicateBinary<ExclusiveOrBits>(p, q, r),
                };
            default:
                return null;
        }
    }

    private static Operation? Compare(string comparison, string type, int p, int a, int b) => type switch
    {
        "s32" => Integer<int>(comparison, p, a, b),
        "u32" or "b32" => Integer<uint>(comparison, p, a, b),
        "s64" => Integer<long>(comparison, p, a, b),
        "u64" or "b64" => Integer<ulong>(comparison, p, a, b),
        "f32" => Float<float>(comparison, p, a, b),
        "f64" => Float<double>(comparison, p, a, b),
        _ => null,
    };

    private static Operation? Integer<T>(string comparison, int p, int a, int b) where T : unmanaged => comparison switch
    {
        "eq" => new Compare<T, EqualTo<T>>(p, a, b),
        "ne" => new Compare<T, NotEqualTo<T>>(p, a, b),
        "lt" or "lo" => new Compare<T, Less<T>>(p, a, b),
        "le" or "ls" => new Compare<T, LessOrEqual<T>>(p, a, b),
        "gt" or "hi" => new Compare<T, Less<T>>(p, b, a),
        "ge" or "hs" => new Compare<T, LessOrEqual<T>>(p, b, a),
        _ => null,
    };

    private static Operation? Float<T>(string comparison, int p, int a, int b) where T : unmanaged => comparison switch
    {
        "eq" => new Compare<T, EqualTo<T>>(p, a, b),
        "ne" => new Compare<T, OrderedNotEqual<T>>(p, a, b),
        "lt" => new Compare<T, Less<T>>(p, a, b),
        "le" => new Compare<T, LessOrEqual<T>>(p, a, b),
        "gt" => new Compare<T, Less<T>>(p, b, a),
        "ge" => new Compare<T, LessOrEqual<T>>(p, b, a),
        "equ" => new Compare<T, UnorderedEqual<T>>(p, a, b),
        "neu" => new Compare<T, NotEqualTo<T>>(p, a, b),
        "geu" => new Compare<T, NotLess<T>>(p, a, b),
        "gtu" => new Compare<T, NotLessOrEqual<T>>(p, a, b),
        "leu" => new Compare<T, NotLess<T>>(p, b, a),
        "ltu" => new Compare<T, NotLessOrEqual<T>>(p, b, a),
        _ => null,
    };
}
