using System.Numerics;
using LungSeg.PtxInterpreter.Execution;
using LungSeg.PtxInterpreter.Operations;
using LungSeg.PtxInterpreter.Syntax;

namespace LungSeg.PtxInterpreter.Decoding;

/// <summary>Loads and stores of global and shared memory.</summary>
internal static class MemoryDecoder
{
    public static Operation? Decode(Instruction instruction, RegisterMap registers)
    {
        bool isStore = instruction.Name == "st";
        if (!isStore && instruction.Name != "ld") return null;
        var address = (Operand.Address)instruction.Operands[isStore ? 0 : 1];
        if (instruction.Has("global"))
            return Access<GlobalSpace>(instruction, registers, registers.Place64(address.Base), address.Offset, isStore);
        if (!instruction.Has("shared")) return null;
        return address.Base is Operand.Register { Class: RegisterClass.Bits64 }
            ? Access<WideSharedSpace>(instruction, registers, registers.Place64(address.Base), address.Offset, isStore)
            : Access<SharedSpace>(instruction, registers, registers.Place32(address.Base), address.Offset, isStore);
    }

    public static Operation Parameter(Instruction instruction, RegisterMap registers, Dictionary<string, Variable> parameters)
    {
        var address = (Operand.Address)instruction.Operands[1];
        int bits = Types.Bits(instruction.Type), offset = parameters[((Operand.Symbol)address.Base).Name].Offset + (int)address.Offset;
        int target = registers.Place(instruction.Operands[0], bits);
        return bits switch
        {
            64 => new LoadParameter<ulong>(target, offset),
            32 => new LoadParameter<uint>(target, offset),
            _ => throw new PtxSyntaxException($"the interpreter does not know '{instruction}'"),
        };
    }

    private static Operation? Access<TSpace>(Instruction instruction, RegisterMap registers, int address, long offset, bool isStore)
        where TSpace : struct, ISpace
    {
        Operand value = instruction.Operands[isStore ? 1 : 0];
        IReadOnlyList<Operand> elements = value is Operand.Vector vector ? vector.Elements : [value];
        int vectorWidth = instruction.Has("v4") ? 4 : instruction.Has("v2") ? 2 : 1;
        if (elements.Count != vectorWidth) return null;
        int bits = Types.Bits(instruction.Type);
        int[] places = [.. elements.Select(element => registers.Place(element, bits))];
        return instruction.Type switch
        {
            "b64" or "u64" or "s64" or "f64" => Of<TSpace, ulong, ulong>(places, address, offset, isStore),
            "b32" or "u32" or "s32" or "f32" => Of<TSpace, uint, uint>(places, address, offset, isStore),
            "b16" or "u16" => Of<TSpace, ushort, uint>(places, address, offset, isStore),
            "b8" or "u8" => Of<TSpace, byte, uint>(places, address, offset, isStore),
            _ => null,
        };
    }

    private static Operation Of<TSpace, TElement, TRegister>(int[] places, int address, long offset, bool isStore)
        where TSpace : struct, ISpace where TElement : unmanaged, IBinaryInteger<TElement> where TRegister : unmanaged,
        IBinaryInteger<TRegister> =>
        isStore ? new Store<TSpace, TElement, TRegister>(places, address, offset)
        : new Load<TSpace, TElement, TRegister>(places, address, offset);
}
