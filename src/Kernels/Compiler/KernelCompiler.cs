using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace LungSeg.Kernels.Compiler;

/// <summary>
/// C# to PTX: ILGPU at level O1 (O2 moves loads of shared memory across barriers), then what ILGPU leaves to do.
/// </summary>
internal sealed class KernelCompiler : IDisposable
{
    private readonly Context _context = Context.Create(
        builder => builder.Optimize(OptimizationLevel.O1).EnableAlgorithms().Inlining(InliningMode.Aggressive));
    private readonly PTXBackend _backend;

    // The module's real target is written afterwards, so that ILGPU's own limit of sm_80 and its choice of version do not matter.
    public KernelCompiler() => _backend = new PTXBackend(_context, CudaArchitecture.SM_80, CudaInstructionSet.ISA_70, null!);

    /// <summary>A kernel's module. Throws <see cref="KernelException"/> naming the kernel if it cannot be compiled as it must be.</summary>
    public string Compile(KernelSource source)
    {
        string ptx;
        try
        {
            var specialization = new KernelSpecialization(source.Info.Threads,
                source.BlocksPerMultiprocessor > 0 ? source.BlocksPerMultiprocessor : null);
            CompiledKernel kernel = _backend.Compile(EntryPointDescription.FromExplicitlyGroupedKernel(source.Method), specialization);
            ptx = ((PTXCompiledKernel)kernel).PTXAssembly;
        }
        catch (Exception e)
        {
            throw new KernelException($"{source.Name}: ILGPU cannot compile it: {e.GetBaseException().Message}", e);
        }
        ptx = ModuleHeader.Apply(DepotPromotion.Apply(ptx), source);
        ModuleCheck.Verify(ptx, source);
        return ptx;
    }

    public void Dispose()
    {
        _backend.Dispose();
        _context.Dispose();
    }
}
