using System.IO.Compression;
using System.Text.Json;
using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>The GPU kernels that the build compiled and embedded: a PTX module for each, and what a launch must know.</summary>
internal static class KernelLibrary
{
    private const string Resource = "kernels.zip";
    private static readonly Lazy<IReadOnlyList<KernelInfo>> All = new(ReadManifest);

    /// <summary>All kernels, by name.</summary>
    public static IReadOnlyList<KernelInfo> Kernels => All.Value;

    /// <summary>The kernel of that name; throws <see cref="DeviceException"/> if there is none.</summary>
    public static KernelInfo Find(string name) =>
        Kernels.FirstOrDefault(kernel => kernel.Name == name) ?? throw new DeviceException($"the program has no GPU kernel '{name}'");

    private static IReadOnlyList<KernelInfo> ReadManifest()
    {
        using JsonDocument manifest = JsonDocument.Parse(Read("manifest.json", terminator: 0));
        return [.. manifest.RootElement.EnumerateArray().Select(KernelInfo.Read).OrderBy(kernel => kernel.Name, StringComparer.Ordinal)];
    }

    /// <summary>A kernel's module as PTX text in ASCII, with the zero byte behind it that the driver asks for.</summary>
    public static byte[] ReadPtx(this KernelInfo kernel) => Read($"{kernel.Name}.ptx", terminator: 1);

    // A file of the archive, with so many zero bytes behind it.
    private static byte[] Read(string name, int terminator)
    {
        using Stream resource = typeof(KernelLibrary).Assembly.GetManifestResourceStream(Resource)
            ?? throw new DeviceException("this build has no GPU kernels in it");
        using var archive = new ZipArchive(resource);
        ZipArchiveEntry entry = archive.GetEntry(name) ?? throw new DeviceException($"the program's GPU kernels have no '{name}'");
        var bytes = new byte[entry.Length + terminator];
        using Stream stream = entry.Open();
        stream.ReadExactly(bytes, 0, (int)entry.Length);
        return bytes;
    }
}
