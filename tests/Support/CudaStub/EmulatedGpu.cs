using System.Collections.Concurrent;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.PtxInterpreter;

namespace LungSeg.CudaStub;

/// <summary>
/// A GPU in managed code: the CUDA backend on a stub driver that runs every launch in the PTX interpreter, with bounds-checked memory,
/// streams that work late, and graphs that are captured and replayed. What it runs are the kernels that ship.
/// </summary>
public static class EmulatedGpu
{
    private static readonly ConcurrentDictionary<string, PtxModule> Modules = new(StringComparer.Ordinal);

    /// <summary>
    /// Opens the backend on it. Each map, workspace and weight is an allocation of its own, so that the interpreter finds every access that
    /// leaves it; not isolated they lie as they do on a GPU, one after the other and in the place of those that are read no more.
    /// </summary>
    public static CudaBackend Open(
        Precision precision = Precision.Float32, int computeCapability = 90, Checks checks = Checks.Accesses,
        string? tiledConvolution = null, int workers = 1,
        bool isolated = true) =>
        new(Driver(new StubDevice(computeCapability, "Emulated GPU", MemoryBytes: 1L << 36), checks, workers), 0, precision,
            tiledConvolution, isolated: isolated);

    /// <summary>Opens the backend on a GPU that takes all work and does none.</summary>
    public static CudaBackend OpenIdle(Precision precision, int computeCapability) =>
        new(new StubDriver(new StubDevice(computeCapability, "Idle GPU", MemoryBytes: 1L << 36)), 0, precision);

    /// <summary>A driver that runs launches in the interpreter.</summary>
    internal static StubDriver Driver(StubDevice device, Checks checks = Checks.Accesses, int workers = 1)
    {
        StubDriver? driver = null;
        driver = new StubDriver(device) { Run = launch => Run(launch, driver!.Memory, checks, workers) };
        return driver;
    }

    private static void Run(StubLaunch launch, StubMemory memory, Checks checks, int workers)
    {
        PtxKernel kernel = Modules.GetOrAdd(launch.Module.Ptx, PtxModule.Parse).Entry(launch.Entry);
        var configuration = new LaunchConfiguration(
            (int)launch.Grid.X, (int)launch.Grid.Y, (int)launch.Grid.Z, (int)launch.Block.X, (int)launch.DynamicSharedBytes)
        { Workers = workers };
        kernel.Run(configuration, launch.Parameters, memory, checks);
    }
}
