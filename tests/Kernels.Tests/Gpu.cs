using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using LungSeg.Engine.Backends.Cuda;
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

    public static PtxKernel Kernel(string name) =>
        Parsed.GetOrAdd(name, static name => PtxModule.Parse(Text(name)).Entry(name));

    /// <summary>The module of a kernel as the program ships it.</summary>
    public static string Text(string name) => Encoding.ASCII.GetString(KernelLibrary.Find(name).ReadPtx().AsSpan()[..^1]);

    /// <summary>Launches a kernel over a grid.</summary>
    public void Launch<T>(string name, (int X, int Y, int Z) grid, T parameters) where T : unmanaged
    {
        KernelInfo kernel = KernelLibrary.Find(name);
        Assert.Equal(kernel.ParameterBytes, Unsafe.SizeOf<T>());
        Launch(Kernel(name), kernel, grid, parameters);
        Launches.AddOrUpdate(name, 1, static (_, count) => count + 1);
        Seen.TryAdd((name, Shape(grid, parameters)), 0);
    }

    /// <summary>Launches a changed kernel as the one that it is made of would be.</summary>
    public void Launch<T>(PtxKernel changed, KernelInfo kernel, (int X, int Y, int Z) grid, T parameters) where T : unmanaged => changed.Run(
        new LaunchConfiguration(grid.X, grid.Y, grid.Z, kernel.Threads, kernel.SharedBytes), MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in parameters)), Memory, Checks);

    /// <summary>Launches a kernel that makes so many items of each image.</summary>
    public void LaunchItems<T>(string name, long items, int images, T parameters) where T : unmanaged =>
        Launch(name, ((int)((items + KernelLibrary.Find(name).Threads - 1) / KernelLibrary.Find(name).Threads), images, 1), parameters);

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
