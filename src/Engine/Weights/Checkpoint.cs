using System.Text;
using LungSeg.Engine.Weights.Torch;
using LungSeg.IO;

namespace LungSeg.Engine.Weights;

/// <summary>
/// The one door to weights in a file: safetensors, PyTorch's zip and legacy formats, TorchScript, and a zip archive with
/// one of these in it. No code of a checkpoint is ever run.
/// </summary>
public static class Checkpoint
{
    private const int HeadBytes = 512, MaxNesting = 2;

    private static readonly string[] Extensions = [".pth", ".pt", ".ckpt", ".bin", ".safetensors"];

    /// <summary>
    /// Opens a checkpoint; the values are read lazily, and the file stays open as long as the result or any of its
    /// weights. Throws <see cref="CheckpointException"/> for what cannot be read.
    /// </summary>
    public static StateDict Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return BuiltInFiles.TryGet(path, out ReadOnlyMemory<byte> bytes) ? Read(bytes, path) : Read(FileBytes.Open(path), 0);
    }

    /// <summary>Reads a checkpoint that lies in memory; <paramref name="name"/> stands for it in errors.</summary>
    public static StateDict Read(ReadOnlyMemory<byte> bytes, string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Read(new MemoryBytes(name, bytes), 0);
    }

    /// <summary>
    /// Reads a checkpoint from a stream, from where it stands to its end, into memory; <paramref name="name"/> stands for it in errors. The
    /// stream stays open. Throws <see cref="CheckpointException"/> for what cannot be read.
    /// </summary>
    public static StateDict Read(Stream stream, string name) => Read(ReadToEnd(stream, name), name);

    /// <summary>A stream's bytes, from where it stands to its end.</summary>
    internal static ReadOnlyMemory<byte> ReadToEnd(Stream stream, string name)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(name);
        try
        {
            using var bytes = new MemoryStream();
            stream.CopyTo(bytes);
            return bytes.GetBuffer().AsMemory(0, (int)bytes.Length);
        }
        catch (Exception e) when (e is IOException or NotSupportedException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"'{name}' cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Whether a file in an archive is taken for the checkpoint, judged by its name.</summary>
    internal static bool IsCheckpointName(string name) =>
        Extensions.Contains(Path.GetExtension(name), StringComparer.OrdinalIgnoreCase)
        && !name.StartsWith("__MACOSX/", StringComparison.Ordinal);

    private static StateDict Read(ByteSource source, int nesting)
    {
        byte[] head = source.Read(0, Math.Min(source.Length, HeadBytes));
        if (ZipDirectory.IsZip(head))
            return ReadZip(source, nesting);
        if (head is [0x80, >= 2 and <= 5, ..] && !IsSafetensors(head, source))
            return FromTorch(TorchLegacy.Read(source), source);
        if (IsSafetensors(head, source))
            return SafetensorsReader.Read(source);
        throw source.Error(Describe(head));
    }

    private static bool IsSafetensors(byte[] head, ByteSource source) =>
        head is [_, _, _, _, _, _, _, _, (byte)'{', ..] || source.Name.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase);

    private static StateDict ReadZip(ByteSource source, int nesting)
    {
        IReadOnlyList<ZipEntry> entries = ZipDirectory.Read(source);
        if (TorchZip.IsTorch(entries))
            return FromTorch(TorchZip.Read(entries, source), source);

        ZipEntry[] inner = [.. entries.Where(IsCheckpoint)];
        if (inner.Length != 1)
        {
            string found = string.Join(", ", (inner.Length == 0 ? entries : inner).Take(5).Select(entry => $"'{entry.Name}'"));
            throw source.Error($"is an archive with {inner.Length} checkpoints in it, one was expected: unpack it and name the right file "
                + $"(found {found})");
        }
        if (nesting == MaxNesting)
            throw source.Error("is an archive in an archive in an archive: unpack it first");
        // The inner file has checksums of its own; checking the whole of it here would read all of it at once.
        ByteSource bytes = inner[0].Open(verify: false);
        StateDict weights = Read(new ByteRange($"{source.Name}/{inner[0].Name}", bytes, 0, bytes.Length), nesting + 1);
        return new StateDict(weights, weights.Metadata) { Format = $"{weights.Format}, in a zip archive" };
    }

    private static bool IsCheckpoint(ZipEntry entry) => IsCheckpointName(entry.Name);

    private static StateDict FromTorch(TorchFile file, ByteSource source)
    {
        IReadOnlyList<Parameter> weights = new StateDictFinder(source).Find(file.Root, out string kind);
        return new StateDict(weights) { Format = $"{file.Format} ({kind})" };
    }

    /// <summary>What a file that is no checkpoint is, and what to do about it.</summary>
    private static string Describe(byte[] head)
    {
        if (head.Length == 0)
            return "is empty";
        if (head.AsSpan().StartsWith("version https://git-lfs"u8))
            return "is a Git LFS pointer, not the checkpoint itself: fetch that with 'git lfs install' and 'git lfs pull'";
        if (head is [0x89, (byte)'H', (byte)'D', (byte)'F', ..])
            return "is an HDF5 file, as Keras writes it: only PyTorch checkpoints and safetensors can be read";
        if (head is [0x1F, 0x8B, ..])
            return "is compressed with gzip: unpack it first";
        if (head.Length > 262 && head.AsSpan(257).StartsWith("ustar"u8))
            return "is a tar file: unpack it, or, if PyTorch before 0.2 wrote it, load and save it with a newer PyTorch";
        if (!head.Contains((byte)0) && !head.Any(b => b is < 9 or (> 13 and < 32)))
            return "is text, not a checkpoint; it begins with "
                + $"'{Encoding.UTF8.GetString(head, 0, Math.Min(40, head.Length)).ReplaceLineEndings(" ")}'";
        return "is no checkpoint that can be read (PyTorch's .pth or safetensors were expected); it begins with the bytes "
            + $"{Convert.ToHexString(head, 0, Math.Min(8, head.Length))}";
    }
}
