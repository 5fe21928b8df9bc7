using System.Runtime.Intrinsics.X86;
using LungSeg.Engine.Backends.Cpu.MachineCode;

namespace LungSeg.Engine.Backends.Cpu.Int8;

/// <summary>How integer products are computed. All paths give the same bytes.</summary>
internal enum IntegerPath
{
    /// <summary>128-bit vectors.</summary>
    Vector128,

    /// <summary>256-bit vectors, products of pairs.</summary>
    Avx2,

    /// <summary>512-bit vectors, products of pairs.</summary>
    Avx512,

    /// <summary>256-bit vectors, one instruction for four products.</summary>
    AvxVnni,

    /// <summary>512-bit vectors, machine code with one instruction for four products.</summary>
    Avx512Vnni,
}

/// <summary>What this processor can run, and names.</summary>
internal static class IntegerPaths
{
    /// <summary>The paths within an instruction set that this processor and system have, slowest first.</summary>
    public static IReadOnlyList<IntegerPath> Of(InstructionSet set) =>
        [.. Enum.GetValues<IntegerPath>().Where(path => Needs(path) <= set && IsSupported(path))];

    /// <summary>What products are computed with, for people.</summary>
    public static string Name(this IntegerPath path) => path switch
    {
        IntegerPath.Avx512Vnni => "AVX512_VNNI",
        IntegerPath.AvxVnni => "AVX-VNNI",
        IntegerPath.Avx512 => "AVX-512BW",
        IntegerPath.Avx2 => "AVX2",
        _ => "128-bit vectors",
    };

    /// <summary>Whether the program and the processor have AVX-VNNI.</summary>
    public static bool HasAvxVnni => (InstructionSets.HasAvx2 || InstructionSets.HasAvx512) && AvxVnni.IsSupported;

    private static InstructionSet Needs(IntegerPath path) => path switch
    {
        IntegerPath.Avx512 or IntegerPath.Avx512Vnni => InstructionSet.Avx512,
        IntegerPath.Avx2 or IntegerPath.AvxVnni => InstructionSet.Avx2,
        _ => InstructionSet.Vector128,
    };

    private static bool IsSupported(IntegerPath path) => path switch
    {
        IntegerPath.Avx512Vnni => Avx512BW.IsSupported && VnniKernels.IsSupported,
        IntegerPath.AvxVnni => HasAvxVnni,
        IntegerPath.Avx512 => Avx512BW.IsSupported && InstructionSets.Supported.Contains(InstructionSet.Avx512),
        IntegerPath.Avx2 => InstructionSets.HasAvx2 && Avx2.IsSupported,
        _ => InstructionSets.HasVector128,
    };
}
