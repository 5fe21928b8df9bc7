using LungSeg.Engine.Backends.Cuda.Driver;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>
/// Runs graphs on an NVIDIA GPU with kernels that were compiled to PTX when this assembly was built. Needs the driver and nothing else.
/// Results are the same bits for any batch on one GPU; another GPU may choose other kernels, which add in another order.
/// </summary>
public sealed class CudaBackend : IBackend
{
    /// <summary>
    /// An environment variable: set to 1, each step of a run is waited for, so that an error names the operation at fault.
    /// </summary>
    internal const string StepwiseVariable = "LUNGSEG_CUDA_STEPWISE";

    /// <summary>
    /// An environment variable: set to 1, each map, workspace and weight is an allocation of its own, so that a memory checker such as
    /// compute-sanitizer sees every access beyond its end. Takes more memory, and more time to load.
    /// </summary>
    internal const string IsolateVariable = "LUNGSEG_CUDA_ISOLATE";

    private readonly CudaContext _context;
    private readonly KernelSet _set;
    private readonly PrecisionKernels _kernels;
    private readonly bool _stepwise;
    private readonly UseCount _uses;

    /// <summary>
    /// Opens a GPU by its number. Throws <see cref="DeviceException"/> where there is no driver, no such GPU, or the GPU cannot compute
    /// in the precision. <paramref name="tuning"/> is what was measured on it, by which kernels are chosen; estimates without.
    /// </summary>
    public CudaBackend(int device = 0, Precision precision = Precision.Float32, CudaTuning? tuning = null)
        : this(DriverLibrary.Native, device, precision, null, IsSet(StepwiseVariable), IsSet(IsolateVariable), tuning) { }

    internal CudaBackend(
        ICudaDriver driver, int device, Precision precision, string? tiledConvolution = null, bool stepwise = false, bool isolated = false,
        CudaTuning? tuning = null)
    {
        IReadOnlyList<CudaDevice> devices = CudaDevice.List(driver);
        if (device < 0 || device >= devices.Count)
            throw new DeviceException($"there is no GPU cuda:{device}; this machine has {string.Join(", ", devices)}");
        if (precision == Precision.Int8) throw new DeviceException("int8 runs on the CPU; use fp32, tf32 or fp16 on a GPU");
        (Device, Precision, _stepwise) = (devices[device], precision, stepwise);
        if (precision != Precision.Float32 && !Device.HasTensorCores)
        {
            throw new DeviceException(
                $"{Device} cannot compute in {precision.Name()}: that needs compute capability 8.0, it has {Device.Major}.{Device.Minor}; "
                    + "use fp32");
        }
        _context = new CudaContext(driver, Device, isolated);
        _set = new KernelSet(_context, KernelLibrary.Kernels);
        _kernels = new PrecisionKernels(_set, precision, tiledConvolution is null ? null : new TiledChoice(tiledConvolution), tuning);
        _uses = new UseCount(typeof(CudaBackend), Free);
    }

    /// <summary>The GPU.</summary>
    public CudaDevice Device { get; }

    /// <inheritdoc/>
    public Precision Precision { get; }

    /// <summary>The kernels of tiled convolutions among which it chooses for each layer, those for measured cards alone included.</summary>
    internal IReadOnlyList<string> TiledConvolutions => [.. _kernels.TiledConvolutions.Select(kernel => kernel.Name)];

    /// <summary>The kernels that this GPU can run, those of other precisions included.</summary>
    internal IReadOnlyList<string> AllKernels => [.. _set.Names];

    /// <summary>The kernels that plans have used so far.</summary>
    internal IReadOnlyList<string> UsedKernels => _set.Loaded;

    /// <inheritdoc/>
    public string Description => $"{Device}, {Precision.Name()}";

    /// <summary>Loads every kernel that this GPU can run, and tells what the driver made of each.</summary>
    internal IReadOnlyDictionary<string, CompiledKernel> Compile()
    {
        using (_uses.Enter()) return _set.Compile();
    }

    /// <summary>Another backend on the same GPU whose only tiled convolution is the one named, for tests of that kernel.</summary>
    internal CudaBackend With(string tiledConvolution) =>
        new(_context.Driver, Device.Index, Precision, tiledConvolution, _stepwise, _context.IsolatesMemory, _kernels.Tuning);

    /// <inheritdoc/>
    public Model Load(Graph graph, LoadOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(graph);
        options ??= new LoadOptions();
        if (graph.Quantization is not null) throw new DeviceException("the network is quantised: int8 runs on the CPU, not on a GPU");
        using (_uses.Enter())
            return new CudaModel(Passes.StandardPasses.Apply(graph, options), _context, _set, _kernels, options.Patterns, _stepwise, _uses);
    }

    /// <summary>
    /// Gives everything back to the driver, once no run needs it; further calls, those of plans included, throw
    /// <see cref="ObjectDisposedException"/>.
    /// </summary>
    public void Dispose() => _uses.Close();

    private void Free()
    {
        _set.Dispose();
        _context.Dispose();
    }

    private static bool IsSet(string variable) => Environment.GetEnvironmentVariable(variable) == "1";
}
