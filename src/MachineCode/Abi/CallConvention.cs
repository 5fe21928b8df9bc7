namespace LungSeg.MachineCode.Abi;

/// <summary>How x64 code is called.</summary>
internal enum CallConvention : byte
{
    /// <summary>Linux, macOS and other Unix systems.</summary>
    SystemV,

    /// <summary>Windows: fewer registers are the callee's, and xmm6 to xmm15 must be kept.</summary>
    Windows,
}
