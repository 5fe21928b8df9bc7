using LungSeg.PtxInterpreter.Execution;
using LungSeg.PtxInterpreter.Syntax;

namespace LungSeg.PtxInterpreter.Decoding;

/// <summary>Tensor cores and asynchronous copies.</summary>
internal static class MatrixDecoder
{
    public static Operation? Decode(Instruction instruction, RegisterMap registers) => null;
}
