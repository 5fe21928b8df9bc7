namespace LungSeg.PtxInterpreter;

/// <summary>What is checked while a kernel runs.</summary>
public enum Checks
{
    /// <summary>Bounds and alignment of every access, divergence at barriers and warp-wide instructions.</summary>
    Accesses,

    /// <summary>
    /// These, and shared memory byte by byte: reads of what was never written or is still being copied, and races between threads
    /// with no barrier between them.
    /// </summary>
    All,

    /// <summary>These, and <see cref="PtxKernel.BankUse"/> is counted.</summary>
    Banks,
}
