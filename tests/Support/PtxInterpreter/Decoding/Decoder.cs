using LungSeg.PtxInterpreter.Execution;
using LungSeg.PtxInterpreter.Operations;
using LungSeg.PtxInterpreter.Syntax;

namespace LungSeg.PtxInterpreter.Decoding;

/// <summary>Turns a kernel's instructions into operations, once.</summary>
internal static class Decoder
{
    private static readonly IReadOnlyList<Func<Instruction, RegisterMap, Operation?>> Families =
        [ArithmeticDecoder.Decode, PredicateDecoder.Decode, ConversionDecoder.Decode, MemoryDecoder.Decode, WarpDecoder.Decode,
            MatrixDecoder.Decode];

    public static Program Decode(KernelSyntax kernel, string? dynamicShared)
    {
        var registers = new RegisterMap(kernel, dynamicShared);
        var parameters = kernel.Parameters.ToDictionary(parameter => parameter.Name);
        Step[] steps = [.. kernel.Instructions.Select(instruction => Decode(instruction, registers, kernel, parameters))];
        int[] reconvergence = PostDominators.Of(steps);
        for (int i = 0; i < steps.Length; i++) steps[i].Reconvergence = reconvergence[i];
        return new Program
        {
            Name = kernel.Name,
            Steps = steps,
            RegisterBytes = registers.Bytes,
            Predicates = registers.Predicates,
            Constants = registers.Constants,
            SpecialRegisters = registers.SpecialRegisters,
            StaticSharedBytes = kernel.StaticSharedBytes,
            ParameterBytes = kernel.ParameterBytes,
        };
    }

    private static Step Decode(Instruction instruction, RegisterMap registers, KernelSyntax kernel, Dictionary<string, Variable> parameters)
    {
        bool negated = instruction.Guard is Operand.Negated;
        Operand? guard = instruction.Guard is Operand.Negated not ? not.Predicate : instruction.Guard;
        StepKind kind = instruction.Name switch
        {
            "bra" => StepKind.Branch,
            "ret" or "exit" => StepKind.Exit,
            "bar" or "barrier" when !instruction.Has("warp") => StepKind.Barrier,
            _ => StepKind.Plain,
        };
        if (kind == StepKind.Barrier && (!instruction.Has("sync") || instruction.Operands is not [Operand.Immediate { Bits: 0 }]))
            throw new PtxSyntaxException($"the interpreter does not know '{instruction}'");
        return new Step
        {
            Operation = kind == StepKind.Plain ? Plain(instruction, registers, parameters) : new Nothing(),
            Guard = guard is null ? -1 : registers.Predicate(guard),
            IsNegated = negated,
            Text = instruction.Text,
            Kind = kind,
            Target = kind == StepKind.Branch ? kernel.Labels[((Operand.Symbol)instruction.Operands[0]).Name] : 0,
        };
    }

    private static Operation Plain(Instruction instruction, RegisterMap registers, Dictionary<string, Variable> parameters)
    {
        if (instruction.Name == "ld" && instruction.Has("param")) return MemoryDecoder.Parameter(instruction, registers, parameters);
        foreach (Func<Instruction, RegisterMap, Operation?> family in Families)
        {
            if (family(instruction, registers) is { } operation) return operation;
        }
        throw new PtxSyntaxException($"the interpreter does not know '{instruction}'");
    }
}
