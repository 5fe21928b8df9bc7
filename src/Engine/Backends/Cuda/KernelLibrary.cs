using System.IO.Compression;
using System.Text.Json;

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
        return [.. manifest.RootElement.EnumerateArray().Select(Parse).OrderBy(kernel => kernel.Name, StringComparer.Ordinal)];
    }

    private static KernelInfo Parse(JsonElement json)
    {
        return new KernelInfo
        {
            Name = Text("name"),
            Family = Text("family"),
            Precision = Text("precision"),
            Storage = Text("storage"),
            Width = Number("width"),
            Target = Text("target"),
            Threads = Number("threads"),
            SharedBytes = Number("sharedBytes"),
            TileM = Number("tileM"),
            TileN = Number("tileN"),
            TileK = Number("tileK"),
            Gate = json.GetProperty("gate").GetBoolean(),
            ParameterBytes = Number("parameterBytes"),
        };

        string Text(string name) => json.GetProperty(name).GetString()!;
        int Number(string name) => json.GetProperty(name).GetInt32();
    }

    /// <summary>A file of the archive, with so many zero bytes behind it.</summary>
    public static byte[] Read(string name, int terminator)
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
