namespace LungSeg.PtxInterpreter.Syntax;

/// <summary>An entry point as parsed.</summary>
internal sealed record KernelSyntax
{
    public required string Name { get; init; }

    public required IReadOnlyList<Variable> Parameters { get; init; }

    public required int ParameterBytes { get; init; }

    /// <summary>Threads of a block that the kernel was compiled for; 0: not stated.</summary>
    public required int MaxThreads { get; init; }

    public required IReadOnlyList<Instruction> Instructions { get; init; }

    /// <summary>Label to the index of the instruction behind it.</summary>
    public required IReadOnlyDictionary<string, int> Labels { get; init; }

    /// <summary>The class of each register.</summary>
    public required IReadOnlyList<RegisterClass> Registers { get; init; }

    /// <summary>Variables in static shared memory.</summary>
    public required IReadOnlyList<Variable> SharedVariables { get; init; }

    public required int StaticSharedBytes { get; init; }
}
