using System.IO.Compression;
using System.Text.Json;
using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>The GPU kernels that the build compiled and embedded: a PTX module for each, and what a launch must know.</summary>
internal static class KernelLibrary
{
    private const string Resource = "kernels.br";
    private static readonly Lazy<IReadOnlyList<KernelInfo>> All = new(ReadManifest);
    private static readonly Lazy<Dictionary<string, byte[]>> Modules = new(() => ReadFiles().Skip(1).ToDictionary());

    /// <summary>All kernels, by name.</summary>
    public static IReadOnlyList<KernelInfo> Kernels => All.Value;

    /// <summary>The kernel of that name; throws <see cref="DeviceException"/> if there is none.</summary>
    public static KernelInfo Find(string name) =>
        Kernels.FirstOrDefault(kernel => kernel.Name == name) ?? throw new DeviceException($"the program has no GPU kernel '{name}'");

    /// <summary>A kernel's module as PTX text in ASCII, with the zero byte behind it that the driver asks for.</summary>
    public static byte[] ReadPtx(this KernelInfo kernel) =>
        Modules.Value.TryGetValue($"{kernel.Name}.ptx", out byte[]? module)
            ? [.. module, 0]
            : throw new DeviceException($"the program's GPU kernels have no '{kernel.Name}'");

    private static IReadOnlyList<KernelInfo> ReadManifest()
    {
        using JsonDocument manifest = JsonDocument.Parse(ReadFiles().First().Value);
        return [.. manifest.RootElement.EnumerateArray().Select(KernelInfo.Read).OrderBy(kernel => kernel.Name, StringComparer.Ordinal)];
    }

    // As src/Kernels/Compiler/KernelImage wrote them, the manifest first: who needs no more unpacks no more.
    private static IEnumerable<KeyValuePair<string, byte[]>> ReadFiles()
    {
        using Stream resource = typeof(KernelLibrary).Assembly.GetManifestResourceStream(Resource)
            ?? throw new DeviceException("this build has no GPU kernels in it");
        using var stream = new BrotliStream(resource, CompressionMode.Decompress);
        using var reader = new BinaryReader(stream);
        for (int left = reader.ReadInt32(); left > 0; left--) yield return new(reader.ReadString(), reader.ReadBytes(reader.ReadInt32()));
    }
}
