namespace LungSeg.Kernels.Compiler;

/// <summary>What a module is written for: PTX's <c>.target</c>, and the <c>.version</c> of the language that it needs.</summary>
internal sealed record Target(string Name, string Version)
{
    /// <summary>Pascal and later: the GPUs that current drivers know.</summary>
    public static Target Portable { get; } = new("sm_60", "6.0");

    /// <summary>Ampere and later: mma.sync on halves and tf32, cp.async, f16x2 conversions.</summary>
    public static Target Ampere { get; } = new("sm_80", "7.0");

    /// <summary>Hopper alone, its architecture-specific features included: wgmma.</summary>
    public static Target Hopper { get; } = new("sm_90a", "8.0");

    /// <summary>The one of that name.</summary>
    public static Target Named(string name) => ((Target[])[Portable, Ampere, Hopper]).First(target => target.Name == name);
}
