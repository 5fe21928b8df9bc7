using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>
/// The only tiled convolution that may be chosen, and splits of its reduction if not the estimate decides; to test and to time one kernel.
/// </summary>
internal sealed record TiledChoice(string Kernel, int? Splits = null);

/// <summary>The kernels of a precision by what they do.</summary>
internal sealed class PrecisionKernels(KernelSet set, Precision precision, TiledChoice? only = null, CudaTuning? tuning = null)
{
    private readonly string _storage = precision == Precision.Float16 ? KernelNumbers.Float16 : KernelNumbers.Float32;
    private readonly string _products = precision switch
    {
        Precision.Float16 => KernelNumbers.Float16,
        Precision.TensorFloat32 => KernelNumbers.TensorFloat32,
        _ => KernelNumbers.Float32,
    };

    public Precision Precision => precision;

    public CudaDevice Device => set.Device;

    /// <summary>Splits of every tiled convolution's reduction; null where the estimate of costs decides.</summary>
    public int? Splits => only?.Splits;

    /// <summary>Bytes of a map's element.</summary>
    public int ElementBytes => precision == Precision.Float16 ? 2 : 4;

    /// <summary>The one kernel of a family for this precision's storage; for maps of one channel where <paramref name="single"/>.</summary>
    public KernelInfo One(string family, Tensor node, bool single = false) => Named(KernelInfo.NameOf(family, _storage, single), node);

    /// <summary>A kernel that does not depend on the storage.</summary>
    public KernelInfo Named(string name, Tensor node) => set.Find(name) ?? throw new DeviceException(
        $"the CUDA backend has no kernel {name} for {node.Op.Name} at {node.Path} on compute capability {Device.Major}.{Device.Minor}");

    /// <summary>What was measured on the device; null where estimates serve.</summary>
    public CudaTuning? Tuning => tuning;

    /// <summary>The tiled convolutions that this device can run in this precision, of every family and tile.</summary>
    public IEnumerable<KernelInfo> TiledConvolutions => KernelFamily.Tiled.SelectMany(set.Family)
        .Where(kernel => kernel.Precision == _products && (only is null || kernel.Name == only.Kernel));

    /// <summary>Those of them that may be chosen: a kernel on trial only if it is asked for, or was measured on this card.</summary>
    public IEnumerable<KernelInfo> Candidates =>
        TiledConvolutions.Where(kernel => !kernel.Trial || only is not null || tuning?.MacsPerClock.ContainsKey(kernel.Name) == true);
}
