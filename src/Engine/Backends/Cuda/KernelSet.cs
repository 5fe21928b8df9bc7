using LungSeg.Engine.Backends.Cuda.Driver;
using LungSeg.IO;
using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>The kernels that a device can run. A kernel's module is loaded when a plan first binds it, and stays.</summary>
internal sealed class KernelSet(CudaContext context, IEnumerable<KernelInfo> library) : IDisposable
{
    private readonly Dictionary<string, KernelInfo> _kernels =
        library.Where(kernel => Runs(kernel.Target, context.Device)).ToDictionary(kernel => kernel.Name, StringComparer.Ordinal);
    private readonly Dictionary<string, (CudaModule Module, nint Function)> _loaded = new(StringComparer.Ordinal);
    private readonly Lock _loading = new();

    public CudaDevice Device => context.Device;

    /// <summary>The kernels that have been loaded, by name.</summary>
    public IReadOnlyList<string> Loaded
    {
        get
        {
            lock (_loading) return [.. _loaded.Keys];
        }
    }

    /// <summary>All that the device can run, by name.</summary>
    public IEnumerable<string> Names => _kernels.Keys;

    /// <summary>A kernel by name; null if the device cannot run it or there is none.</summary>
    public KernelInfo? Find(string name) => _kernels.GetValueOrDefault(name);

    /// <summary>The kernels of a family, in an order that does not change.</summary>
    public IEnumerable<KernelInfo> Family(string family) =>
        _kernels.Values.Where(kernel => kernel.Family == family).OrderBy(kernel => kernel.Name, StringComparer.Ordinal);

    /// <summary>The driver's handle of a kernel, which is loaded if it is not yet.</summary>
    public nint Function(KernelInfo kernel)
    {
        lock (_loading)
        {
            if (!_loaded.ContainsKey(kernel.Name)) Load([kernel]);
            return _loaded[kernel.Name].Function;
        }
    }

    /// <summary>Loads all and tells what the driver made of each, by name.</summary>
    public IReadOnlyDictionary<string, CompiledKernel> Compile()
    {
        Load(_kernels.Values);
        return _kernels.Values.ToDictionary(kernel => kernel.Name, kernel => CompiledKernel.Of(context, kernel, Function(kernel)),
            StringComparer.Ordinal);
    }

    /// <summary>
    /// Loads what is not loaded yet, on all processors: where the driver's cache lacks a module, compiling it takes a while.
    /// </summary>
    public void Load(IEnumerable<KernelInfo> kernels)
    {
        lock (_loading)
        {
            KernelInfo[] missing = [.. kernels.DistinctBy(kernel => kernel.Name).Where(kernel => !_loaded.ContainsKey(kernel.Name))];
            var loaded = new (CudaModule Module, nint Function)?[missing.Length];
            try
            {
                AllProcessors.For(missing.Length, i => loaded[i] = Load(missing[i]));
            }
            finally
            {
                for (int i = 0; i < missing.Length; i++)
                {
                    if (loaded[i] is { } one) _loaded.Add(missing[i].Name, one);
                }
            }
        }
    }

    public void Dispose()
    {
        foreach ((CudaModule module, _) in _loaded.Values) module.Dispose();
        _loaded.Clear();
    }

    private (CudaModule Module, nint Function) Load(KernelInfo kernel)
    {
        var module = new CudaModule(context, kernel.Name, kernel.ReadPtx());
        try
        {
            return (module, module.Function(kernel.Name, kernel.SharedBytes));
        }
        catch
        {
            module.Dispose();
            throw;
        }
    }

    // PTX for sm_90a is for compute capability 9.0 alone; any other runs on what is as new or newer.
    private static bool Runs(string target, CudaDevice device)
    {
        ReadOnlySpan<char> number = target.AsSpan("sm_".Length);
        return number[^1] == 'a'
            ? int.Parse(number[..^1]) == device.ComputeCapability
            : int.Parse(number) <= device.ComputeCapability;
    }
}
