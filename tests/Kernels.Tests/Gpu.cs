using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using LungSeg.CudaStub;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Kernels.Abi;
using LungSeg.PtxInterpreter;
using LungSeg.PtxInterpreter.Memory;

namespace LungSeg.Kernels.Tests;

/// <summary>Device memory, and the product's kernels run by the interpreter.</summary>
internal sealed class Gpu : IDisposable
{
    private static readonly ConcurrentDictionary<string, PtxKernel> Parsed = new();

    private static readonly ConcurrentDictionary<(string, int), byte> Seen = new();

    /// <summary>How often each kernel has been launched.</summary>
    public static ConcurrentDictionary<string, int> Launches { get; } = new();

    /// <summary>Launches that differ in kernel, grid or parameters other than addresses.</summary>
    public static int Shapes => Seen.Count;

    public DeviceMemory Memory { get; } = new();

    public Checks Checks { get; init; } = Checks.All;

    /// <summary>A changed kernel that runs in the place of the one of its name, and counts for none.</summary>
    public PtxKernel? Changed { get; init; }

    public static PtxKernel Kernel(string name) =>
        Parsed.GetOrAdd(name, static name => PtxModule.Parse(Text(name)).Entry(name));

    /// <summary>The module of a kernel as the program ships it.</summary>
    public static string Text(string name) => Encoding.ASCII.GetString(KernelLibrary.Find(name).ReadPtx().AsSpan()[..^1]);

    /// <summary>Launches a kernel over a grid.</summary>
    public void Launch<T>(string name, (int X, int Y, int Z) grid, T parameters) where T : unmanaged
    {
        KernelInfo kernel = KernelLibrary.Find(name);
        Assert.Equal(kernel.ParameterBytes, Unsafe.SizeOf<T>());
        bool changed = Changed?.Name == name;
        (changed ? Changed! : Kernel(name)).Run(
            new LaunchConfiguration(grid.X, grid.Y, grid.Z, kernel.Threads,
                kernel.SharedBytes)
            { ProxyFences = !name.EndsWith("_unfenced", StringComparison.Ordinal) },
            MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in parameters)), Memory, Checks);
        if (changed) return;
        Launches.AddOrUpdate(name, 1, static (_, count) => count + 1);
        Seen.TryAdd((name, Shape(grid, parameters)), 0);
    }

    /// <summary>Runs what a stub driver was asked to launch.</summary>
    public static void Run(StubLaunch launch, StubMemory memory)
    {
        var configuration = new LaunchConfiguration((int)launch.Grid.X, (int)launch.Grid.Y, (int)launch.Grid.Z, (int)launch.Block.X,
            (int)launch.DynamicSharedBytes);
        Kernel(launch.Entry).Run(configuration, launch.Parameters, memory, Checks.All);
        Launches.AddOrUpdate(launch.Entry, 1, static (_, count) => count + 1);
    }

    private static int Shape<T>((int, int, int) grid, T parameters) where T : unmanaged
    {
        var hash = new HashCode();
        hash.Add(grid);
        // Device addresses begin with DeviceMemory's base; everything else says how large things are.
        foreach (ulong word in MemoryMarshal.Cast<T, ulong>(new ReadOnlySpan<T>(in parameters)))
        {
            if (word >> 40 != DeviceMemory.Base >> 40) hash.Add(word);
        }
        return hash.ToHashCode();
    }

    public void Dispose() => Memory.Dispose();
}
