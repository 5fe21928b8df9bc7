using System.Diagnostics.CodeAnalysis;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LungSeg.Engine.Backends.Cpu;

/// <summary>The vector instructions that a CPU backend is built on.</summary>
public enum InstructionSet
{
    /// <summary>128-bit vectors that every supported processor has: SSE on x64, NEON on Arm64.</summary>
    Vector128,

    /// <summary>256-bit vectors with fused multiply-add.</summary>
    Avx2,

    /// <summary>512-bit vectors and 32 registers.</summary>
    Avx512,
}

/// <summary>What this processor can run.</summary>
public static class InstructionSets
{
    /// <summary>The widest set of this processor.</summary>
    public static InstructionSet Best => Supported[^1];

    /// <summary>The sets of this processor, narrowest first.</summary>
    public static IReadOnlyList<InstructionSet> Supported { get; } = [.. Enum.GetValues<InstructionSet>().Where(IsSupported)];

    // A native image is for one set, and code for another would be in it in vain: src/Native/Level.props switches that off.

    [FeatureSwitchDefinition("LungSeg.Avx512")]
    internal static bool HasAvx512 => IsOn("LungSeg.Avx512");

    [FeatureSwitchDefinition("LungSeg.Avx2")]
    internal static bool HasAvx2 => IsOn("LungSeg.Avx2");

    [FeatureSwitchDefinition("LungSeg.Vector128")]
    internal static bool HasVector128 => IsOn("LungSeg.Vector128");

    private static bool IsOn(string name) => !AppContext.TryGetSwitch(name, out bool isOn) || isOn;

    private static bool IsSupported(InstructionSet set) => set switch
    {
        InstructionSet.Avx512 => HasAvx512 && Avx512F.IsSupported && Vector512.IsHardwareAccelerated,
        InstructionSet.Avx2 => HasAvx2 && Avx2.IsSupported && Fma.IsSupported,
        _ => HasVector128,
    };
}
