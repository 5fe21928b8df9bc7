using System.Numerics;

namespace LungSeg.Engine.Weights.Torch;

/// <summary>
/// PyTorch's format before 1.6: pickles of a magic number, a version, the machine's word sizes, the object and the keys
/// of its storages, then each storage as its count and its elements, little-endian on every machine.
/// </summary>
internal static class TorchLegacy
{
    private const long Version = 1001;

    private static readonly BigInteger Magic = BigInteger.Parse("1950A86A20F9469CFC6C", System.Globalization.NumberStyles.HexNumber);

    public static TorchFile Read(ByteSource source)
    {
        long position = 0;
        if (LoadPlain(source, ref position) is not BigInteger magic || magic != Magic)
            throw source.Error("is a pickle, but not one that torch.save wrote: save the network's state_dict() with torch.save");
        if (LoadPlain(source, ref position) is not Version)
            throw source.Error($"is damaged: the version of the legacy format is not {Version}");
        LoadPlain(source, ref position);

        var storages = new Storages(source);
        var reader = new PickleReader(source, position);
        var unpickler = new Unpickler(reader, storages.Load);
        object? root = unpickler.Load();
        position = reader.Position;

        if (LoadPlain(source, ref position) is not List<object?> keys)
            throw source.Error("is damaged: the list of its storages is missing");
        foreach (object? key in keys)
            storages.Locate(key as string, ref position);
        storages.CheckLocated();
        return new TorchFile(root, $"PyTorch legacy, pickle protocol {unpickler.Protocol}");
    }

    private static object? LoadPlain(ByteSource source, ref long position)
    {
        var reader = new PickleReader(source, position);
        object? value = new Unpickler(reader, _ => throw source.Error("is damaged: its header refers to a storage")).Load();
        position = reader.Position;
        return value;
    }

    private sealed class Storages(ByteSource source)
    {
        private readonly Dictionary<string, TorchStorage> _storages = new(StringComparer.Ordinal);
        private readonly List<(TorchStorage View, TorchStorage Root, long Offset)> _views = [];

        /// <summary>
        /// Resolves ('storage', type, key, location, count, view), where view is None or (key, offset, count), and
        /// ('module', class, source file, source), which old whole modules have in the place of their classes.
        /// </summary>
        public object? Load(object? id)
        {
            if (id is object?[] { Length: 4 } module && module[0] is "module")
                return module[1];
            if (id is not object?[] { Length: 6 } parts || parts[0] is not "storage" || parts[2] is not string key
                || parts[4] is not long count)
                throw source.Error("is damaged: the pickle refers to a storage in an unknown way");
            DType dtype = TorchDTypes.OfStorage(parts[1], source);
            if (!_storages.TryGetValue(key, out TorchStorage? storage))
            {
                if (count < 0 || count > source.Length / dtype.ItemSize())
                    throw source.Error($"is truncated or damaged: storage '{key}' should hold {count} elements of {dtype}, the file has "
                        + $"{source.Length} bytes");
                _storages[key] = storage = new TorchStorage(dtype, count, bigEndian: false);
            }
            if (storage.DType != dtype)
                throw source.Error($"is damaged: storage '{key}' has two types, {storage.DType} and {dtype}");
            return parts[5] is null ? storage : View(storage, parts[5]);
        }

        /// <summary>Notes where the next storage lies and moves behind it.</summary>
        public void Locate(string? key, ref long position)
        {
            if (key is null || !_storages.TryGetValue(key, out TorchStorage? storage) || storage.IsLocated)
                throw source.Error($"is damaged: it holds the storage '{key}', which no tensor uses");
            long count = BitConverter.ToInt64(source.Read(position, 8L));
            long bytes = storage.Count * storage.DType.ItemSize();
            position += 8;
            if (count != storage.Count || position > source.Length - bytes)
                throw source.Error($"is truncated or damaged: storage '{key}' should hold {storage.Count} elements, {count} are announced, "
                    + $"{source.Length - position} bytes are left");
            storage.Locate(source, position);
            position += bytes;
        }

        public void CheckLocated()
        {
            foreach ((string key, TorchStorage storage) in _storages)
            {
                if (!storage.IsLocated)
                    throw source.Error($"is truncated or damaged: storage '{key}' is missing");
            }
            foreach ((TorchStorage view, TorchStorage root, long offset) in _views)
                view.LocateIn(root, offset);
        }

        private TorchStorage View(TorchStorage root, object? metadata)
        {
            if (metadata is not object?[] { Length: 3 } parts || parts[1] is not long offset || parts[2] is not long count
                || offset < 0 || count < 0 || offset > root.Count - count)
            {
                throw source.Error("is damaged: a view does not lie inside its storage");
            }
            var view = new TorchStorage(root.DType, count, bigEndian: false);
            _views.Add((view, root, offset));
            return view;
        }
    }
}
