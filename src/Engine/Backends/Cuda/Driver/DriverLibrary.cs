using System.Runtime.InteropServices;
using LungSeg.IO;

namespace LungSeg.Engine.Backends.Cuda.Driver;

/// <summary>Finds an entry of a library by name.</summary>
internal delegate bool EntryLookup(string name, out nint address);

/// <summary>The NVIDIA driver's library: libcuda.so.1, or nvcuda.dll on Windows. It stays loaded to the end of the process.</summary>
internal sealed unsafe class DriverLibrary(string file, EntryLookup lookup)
{
    private static readonly Lazy<ICudaDriver> Machine = new(() => Open(FileName, Load(FileName)));
    private readonly List<string> _missing = [];

    private static string FileName => OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1";

    /// <summary>
    /// The machine's driver, opened at the first call. Throws <see cref="DeviceException"/> where there is none, or one too old.
    /// </summary>
    public static ICudaDriver Native => Machine.Value;

    /// <summary>Binds all entries; throws <see cref="DeviceException"/> naming those that the library lacks.</summary>
    public static ICudaDriver Open(string file, EntryLookup lookup)
    {
        var library = new DriverLibrary(file, lookup);
        var driver = new NativeDriver(library);
        library.Check();
        return driver;
    }

    /// <summary>An entry's address; one that is missing is remembered for <see cref="Check"/>.</summary>
    public void* Entry(string name)
    {
        if (lookup(name, out nint address)) return (void*)address;
        _missing.Add(name);
        return null;
    }

    private void Check()
    {
        if (_missing.Count == 0) return;
        throw new DeviceException(
            $"the NVIDIA driver on this machine is too old: {file} has no {string.Join(", ", _missing)}; CUDA 11.4 (driver 470) or later "
                + "is needed");
    }

    private static EntryLookup Load(string file)
    {
        if (!NativeLibrary.TryLoad(file, out nint library))
            throw new DeviceException($"no CUDA here: the NVIDIA driver's {file} cannot be loaded; install the driver, or use the CPU")
            {
                Remedy = Remedy.CpuDevice,
            };
        return (string name, out nint address) => NativeLibrary.TryGetExport(library, name, out address);
    }
}
