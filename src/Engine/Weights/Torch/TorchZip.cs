using System.Text;

namespace LungSeg.Engine.Weights.Torch;

/// <summary>
/// PyTorch's format since 1.6: a zip file with a pickle (<c>data.pkl</c>) and one file for each storage (<c>data/0</c>).
/// TorchScript archives look the same and hold their code as well, which is not read.
/// </summary>
internal static class TorchZip
{
    private const string PickleName = "/data.pkl";

    /// <summary>Whether the archive is PyTorch's own and no archive around a checkpoint.</summary>
    public static bool IsTorch(IReadOnlyList<ZipEntry> entries) => entries.Any(IsPickle);

    public static TorchFile Read(IReadOnlyList<ZipEntry> entries, ByteSource source)
    {
        ZipEntry[] pickles = [.. entries.Where(IsPickle)];
        if (pickles.Length != 1)
            throw source.Error($"holds {pickles.Length} checkpoints: unpack it and name one");
        string root = pickles[0].Name[..^PickleName.Length];
        Dictionary<string, ZipEntry> byName = entries.ToDictionary(entry => entry.Name, StringComparer.Ordinal);

        var storages = new Storages(root, byName, IsBigEndian(root, byName, source), source);
        ByteSource pickle = pickles[0].Open();
        var unpickler = new Unpickler(new PickleReader(pickle, 0), storages.Load);
        object? loaded = unpickler.Load();
        string kind = byName.ContainsKey($"{root}/constants.pkl") ? "TorchScript" : "PyTorch zip";
        return new TorchFile(loaded, $"{kind}, pickle protocol {unpickler.Protocol}");
    }

    private static bool IsPickle(ZipEntry entry) =>
        entry.Name.EndsWith(PickleName, StringComparison.Ordinal) && entry.Name.IndexOf('/') == entry.Name.Length - PickleName.Length;

    private static bool IsBigEndian(string root, Dictionary<string, ZipEntry> byName, ByteSource source)
    {
        // The record came with PyTorch 2.1; before, files from big-endian machines could not be told apart.
        if (!byName.TryGetValue($"{root}/byteorder", out ZipEntry? entry))
            return false;
        string order = entry.Size <= 16 ? Encoding.ASCII.GetString(entry.Open().Read(0, entry.Size)) : "something long";
        return order switch
        {
            "little" => false,
            "big" => true,
            _ => throw source.Error($"is damaged: its byte order is '{order}', neither little nor big"),
        };
    }

    private sealed class Storages(string root, Dictionary<string, ZipEntry> byName, bool bigEndian, ByteSource source)
    {
        private readonly Dictionary<string, ByteSource> _opened = new(StringComparer.Ordinal);

        /// <summary>Resolves ('storage', type, key, location, count).</summary>
        public TorchStorage Load(object? id)
        {
            if (id is not object?[] { Length: 5 } parts || parts[0] is not "storage" || parts[2] is not string key
                || parts[4] is not long count)
                throw source.Error("is damaged: the pickle refers to a storage in an unknown way");
            DType dtype = TorchDTypes.OfStorage(parts[1], source);
            if (!_opened.TryGetValue(key, out ByteSource? bytes))
            {
                if (!byName.TryGetValue($"{root}/data/{key}", out ZipEntry? entry))
                    throw source.Error($"is damaged: storage '{key}' is missing from the zip file");
                _opened[key] = bytes = entry.Open();
            }
            // A storage may have a few bytes that make no whole element.
            if (count < 0 || bytes.Length / dtype.ItemSize() != count)
            {
                throw source.Error(
                    $"is truncated or damaged: storage '{key}' should hold {count} elements of {dtype}, it has {bytes.Length} bytes");
            }
            var storage = new TorchStorage(dtype, count, bigEndian);
            storage.Locate(bytes, 0);
            return storage;
        }
    }
}
