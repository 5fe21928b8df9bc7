namespace LungSeg.Engine.Backends.Cuda;

/// <summary>The kernels of a precision by what they do, with names as the kernels' project gives them.</summary>
internal sealed class PrecisionKernels(KernelSet set, Precision precision, string? tiledConvolution = null)
{
    private readonly string _storage = precision == Precision.Float16 ? "f16" : "f32";
    private readonly string _products = precision switch
    {
        Precision.Float16 => "f16",
        Precision.TensorFloat32 => "tf32",
        _ => "f32",
    };

    public Precision Precision => precision;

    public CudaDevice Device => set.Device;

    /// <summary>Bytes of a map's element.</summary>
    public int ElementBytes => precision == Precision.Float16 ? 2 : 4;

    /// <summary>The one kernel of a family for this precision's storage; for maps of one channel where <paramref name="single"/>.</summary>
    public KernelInfo One(string family, Tensor node, bool single = false) => Named($"{family}_{_storage}{(single ? "_single" : "")}", node);

    /// <summary>A kernel that does not depend on the storage.</summary>
    public KernelInfo Named(string name, Tensor node) => set.Find(name) ?? throw new DeviceException(
        $"the CUDA backend has no kernel {name} for {node.Op.Name} at {node.Path} on compute capability {Device.Major}.{Device.Minor}");

    /// <summary>The tiled convolutions that this device can run in this precision, of every family and tile.</summary>
    public IEnumerable<KernelInfo> TiledConvolutions => ((string[])["conv_simt", "conv_mma", "conv_wgmma"]).SelectMany(set.Family)
        .Where(kernel => kernel.Precision == _products && (tiledConvolution is null || kernel.Name == tiledConvolution));
}
