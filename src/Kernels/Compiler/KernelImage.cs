using System.IO.Compression;
using System.Text;
using System.Text.Json;

namespace LungSeg.Kernels.Compiler;

/// <summary>
/// The compiled kernels as one file: a zip archive of a manifest and a module for each kernel. The same kernels give the same bytes.
/// </summary>
internal static class KernelImage
{
    // The earliest time that a zip archive can state.
    private static readonly DateTimeOffset NoTime = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static void Write(Stream output, IReadOnlyList<(KernelSource Source, string Ptx)> kernels)
    {
        using var archive = new ZipArchive(output, ZipArchiveMode.Create, leaveOpen: true);
        Add("manifest.json", Manifest(kernels));
        foreach ((KernelSource source, string ptx) in kernels) Add($"{source.Name}.ptx", Encoding.ASCII.GetBytes(ptx));

        void Add(string name, byte[] content)
        {
            ZipArchiveEntry entry = archive.CreateEntry(name, CompressionLevel.SmallestSize);
            entry.LastWriteTime = NoTime;
            using Stream stream = entry.Open();
            stream.Write(content);
        }
    }

    private static byte[] Manifest(IReadOnlyList<(KernelSource Source, string Ptx)> kernels)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartArray();
            foreach ((KernelSource source, _) in kernels)
            {
                json.WriteStartObject();
                source.Info.Write(json);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        return bytes.ToArray();
    }
}
