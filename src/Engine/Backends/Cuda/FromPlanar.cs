using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>The graph's input as a map, for those who do not read it planar.</summary>
internal sealed class FromPlanar(Tensor node, PrecisionKernels kernels) : Routine(node)
{
    private readonly KernelInfo _kernel = kernels.One("from_planar", node);

    public override void Bind(Binder binder)
    {
        CudaMap map = binder[Node];
        binder.LaunchItems(Node, _kernel, map.Items, new PlanarParameters { Map = map, Planar = (long)binder.PlanarInput, Batch = map.Shape.N });
    }
}
