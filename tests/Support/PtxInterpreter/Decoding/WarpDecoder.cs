using LungSeg.PtxInterpreter.Execution;
using LungSeg.PtxInterpreter.Operations;
using LungSeg.PtxInterpreter.Syntax;

namespace LungSeg.PtxInterpreter.Decoding;

/// <summary>What a warp's lanes do together: shuffles and synchronisation.</summary>
internal static class WarpDecoder
{
    public static Operation? Decode(Instruction instruction, RegisterMap registers)
    {
        IReadOnlyList<Operand> operands = instruction.Operands;
        switch (instruction.Name)
        {
            case "shfl" when instruction.Parts is [_, "sync", var mode, "b32"] && operands.Count == 5:
                ShuffleMode? known = mode switch
                {
                    "bfly" => ShuffleMode.Xor,
                    "up" => ShuffleMode.Up,
                    "down" => ShuffleMode.Down,
                    "idx" => ShuffleMode.Index,
                    _ => null
                };
                return known is null
                    ? null
                    : new Shuffle(known.Value, registers.Place32(operands[0]), registers.Place32(operands[1]),
                        registers.Place32(operands[2]), registers.Place32(operands[3]), registers.Place32(operands[4]));
            case "bar" when instruction.Has("warp"):
                return new WarpBarrier();
            case "membar":
                return new Nothing();
            default:
                return null;
        }
    }
}
