namespace LungSeg.Kernels.Compiler;

/// <summary>A kernel that cannot be compiled as it must be; ends the build.</summary>
internal sealed class KernelException(string message, Exception? cause = null) : Exception(message, cause);
