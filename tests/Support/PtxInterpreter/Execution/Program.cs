namespace LungSeg.PtxInterpreter.Execution;

/// <summary>A kernel decoded: its steps, and how a warp's registers are laid out.</summary>
internal sealed class Program
{
    public required string Name { get; init; }

    public required Step[] Steps
    {
        get;
        init
        {
            field = value;
            Reached = new bool[value.Length];
            BankUse = new (long, long)[value.Length];
        }
    }

    /// <summary>For each step, whether any lane has ever run it.</summary>
    public bool[] Reached { get; private init; } = [];

    /// <summary>For each step, turns of shared memory that it took, and how many without bank conflicts.</summary>
    public (long Turns, long Minimum)[] BankUse { get; private init; } = [];

    /// <summary>Bytes of a warp's registers, each 32 lanes wide.</summary>
    public required int RegisterBytes { get; init; }

    public required int Predicates { get; init; }

    /// <summary>Registers that hold the same value in every launch, lane and block.</summary>
    public required IReadOnlyList<Constant> Constants { get; init; }

    /// <summary>Registers that hold what is special to a thread, a block or a launch.</summary>
    public required IReadOnlyList<SpecialRegister> SpecialRegisters { get; init; }

    public required int StaticSharedBytes { get; init; }

    public required int ParameterBytes { get; init; }
}

/// <summary>A constant's register: 4 or 8 bytes wide.</summary>
internal readonly record struct Constant(int Register, bool Is64, ulong Bits);

/// <summary>A special register and the 32-bit (or, for addresses, 64-bit) register that holds it.</summary>
internal readonly record struct SpecialRegister(int Register, bool Is64, string Name);
