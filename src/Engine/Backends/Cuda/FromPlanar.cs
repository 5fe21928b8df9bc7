using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>The graph's input as a map, for those who do not read it planar.</summary>
internal sealed class FromPlanar(Tensor node, PrecisionKernels kernels) : CudaOp(node)
{
    private readonly KernelInfo _kernel = kernels.One(KernelFamily.FromPlanar, node);

    public override void Bind(Binder binder)
    {
        CudaMap map = binder[Node];
        binder.LaunchItems(Node, _kernel, map.Items,
            new PlanarParameters { Map = map, Planar = (long)binder.PlanarInput, Batch = map.Shape.N });
    }

    /// <summary>The other way: leaves a map as planar float32 at an address.</summary>
    public static void Undo(Tensor node, ulong planar, Binder binder, PrecisionKernels kernels)
    {
        CudaMap map = binder[node];
        binder.LaunchItems(
            node, kernels.One(KernelFamily.ToPlanar, node), map.Items,
            new PlanarParameters { Map = map, Planar = (long)planar, Batch = map.Shape.N });
    }
}
