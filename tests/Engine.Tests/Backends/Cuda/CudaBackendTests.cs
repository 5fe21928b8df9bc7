using LungSeg.CudaStub;
using LungSeg.Engine.Backends.Reference;

namespace LungSeg.Engine.Tests.Backends.Cuda;

/// <summary>The CUDA backend, its kernels run by the PTX interpreter.</summary>
public abstract class CudaBackendTests(Precision precision, int computeCapability, bool isolated) : BackendTests
{
    private protected override Arithmetic Arithmetic => Arithmetic.Of(precision);

    protected override int Iterations => 4;

    // The stub driver does; the backend's own share is in CudaPlanTests.
    protected override bool AllocatesNothing => false;

    protected override IBackend Create() => EmulatedGpu.Open(precision, computeCapability, isolated: isolated);
}

/// <summary>Strict float32, on what an old GPU has.</summary>
public sealed class CudaFloat32Tests() : CudaBackendTests(Precision.Float32, 60, isolated: true);

/// <summary>Half precision.</summary>
public sealed class CudaFloat16Tests() : CudaBackendTests(Precision.Float16, 80, isolated: true);

/// <summary>float32 maps, products in TF32; maps in one arena, in each other's place.</summary>
public sealed class CudaTensorFloat32Tests() : CudaBackendTests(Precision.TensorFloat32, 90, isolated: false);
