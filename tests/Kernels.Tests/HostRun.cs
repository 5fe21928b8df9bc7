using LungSeg.CudaStub;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Backends.Cuda.Driver;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Kernels.Abi;

namespace LungSeg.Kernels.Tests;

/// <summary>
/// An operation of the CUDA backend as the host packs and launches it: each map, workspace and weight in memory of its own, of just the
/// size that the host asks for, and each launch run in the interpreter.
/// </summary>
internal sealed class HostRun(Gpu gpu, Storage storage) : Binder
{
    private static readonly CudaContext Context = Open();
    private static readonly KernelSet Set = new(Context, KernelLibrary.Kernels);
    private readonly Dictionary<Tensor, DeviceTensor> _maps = [];
    private readonly Dictionary<(Engine.Ops.Op, WeightForm), ulong> _weights = [];
    private ulong[] _workspaces = [];
    private ulong _planar;

    public override ulong PlanarInput => _planar;

    public override int ElementBytes => storage.Size();

    public override CudaMap this[Tensor tensor] => _maps[tensor].Place;

    /// <summary>
    /// The kernels that the host chooses from in a precision; of those for tiled convolutions, and of splits of their sums, one alone if
    /// asked.
    /// </summary>
    public static PrecisionKernels Kernels(Storage storage) => new(Set, storage == Storage.F32 ? Precision.Float32 : Precision.Float16);

    /// <summary>The same with one tiled convolution alone, and so many splits of its sums.</summary>
    public static PrecisionKernels Kernels(KernelInfo tiled, int splits) => new(
        Set, tiled.Precision switch
        {
            KernelNumbers.Float16 => Precision.Float16,
            KernelNumbers.TensorFloat32 => Precision.TensorFloat32,
            _ => Precision.Float32
        },
        new TiledChoice(tiled.Name, splits));

    /// <summary>Gives a tensor its values.</summary>
    public HostRun With(Tensor tensor, Map values, bool slice = false)
    {
        _maps[tensor] = DeviceTensor.Of(gpu, storage, values, slice);
        return this;
    }

    /// <summary>Gives the graph's input its values, planar.</summary>
    public HostRun WithPlanar(Map values)
    {
        _planar = gpu.Memory.Allocate<float>(values.Values);
        return this;
    }

    /// <summary>Binds the operation, which launches it, and returns what it left; its result is a slice of a wider map if asked.</summary>
    public Map Run(CudaOp op, bool slice = false)
    {
        DeviceTensor output = _maps[op.Node] = DeviceTensor.Empty(gpu, storage, op.Node.Shape, slice);
        _workspaces = [.. op.Workspaces.Select(gpu.Memory.Allocate)];
        op.Bind(this);
        return output.Read();
    }

    public override long Workspace(Tensor node, int index = 0) => (long)_workspaces[index];

    public override bool IsInPlace(Tensor concat, int part) => false;

    public override ulong Weights<T>(Engine.Ops.Op op, WeightForm form, long count, Func<T[]> pack)
    {
        if (_weights.TryGetValue((op, form), out ulong known)) return known;
        T[] packed = pack();
        Assert.Equal(count, packed.Length);
        return _weights[(op, form)] = gpu.Memory.Allocate<T>(packed);
    }

    public override void Launch<T>(Tensor node, KernelInfo kernel, GridSize grid, T parameters) =>
        gpu.Launch(kernel.Name, (checked((int)grid.X), checked((int)grid.Y), checked((int)grid.Z)), parameters);

    private static CudaContext Open()
    {
        var driver = new StubDriver(new StubDevice());
        return new CudaContext(driver, CudaDevice.List(driver)[0]);
    }
}
