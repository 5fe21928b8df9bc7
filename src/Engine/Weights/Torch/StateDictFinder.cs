namespace LungSeg.Engine.Weights.Torch;

/// <summary>
/// Finds the weights in what a checkpoint holds: a state dict, a training checkpoint around one, or a whole module.
/// </summary>
internal sealed class StateDictFinder(ByteSource source)
{
    private const int MaxNesting = 8, MaxModuleDepth = 64, MaxKeyLength = 4096, MaxVisits = 200_000;

    /// <summary>Where training scripts put the weights, in the order in which they are looked for.</summary>
    private static readonly string[] Nests = ["state_dict", "model_state_dict", "model_state", "model", "net", "network", "module",
        "weights"];

    /// <summary>What wrappers put in front of every key: DataParallel, Lightning, and training scripts.</summary>
    private static readonly string[] Prefixes = ["module.", "model.", "net."];

    private readonly Dictionary<string, TorchTensor> _found = new(StringComparer.Ordinal);
    private readonly List<string> _order = [];
    private int _visits;

    /// <summary>
    /// The weights in the file's order; <paramref name="kind"/> tells what they were found in. Where a training checkpoint holds copies
    /// of them, such as averaged ones, all are returned, each under the name that the checkpoint has for it.
    /// </summary>
    public IReadOnlyList<Parameter> Find(object? root, out string kind)
    {
        kind = "state dict";
        string place = "";
        var beside = new List<(string Name, PickleDict Values)>();
        for (int nesting = 0; nesting < MaxNesting; nesting++)
        {
            if (root is PickleRecord module && IsModule(module))
            {
                kind = "whole module";
                AddModule(module, "", 0);
                return WithCopies(Weights(), place, beside);
            }
            PickleDict dict = root as PickleDict ?? (root as PickleRecord)?.ItemsOrNull ?? throw NoWeights(root);
            if (Nests.FirstOrDefault(name => HoldsWeights(dict[name])) is { } nest)
            {
                kind = "training checkpoint";
                beside.AddRange(dict.Items.Where(item => item is { Key: string name, Value: PickleDict } && name != nest)
                    .Select(item => ((string)item.Key, (PickleDict)item.Value!)));
                (root, place) = (dict[nest], nest);
                continue;
            }
            foreach ((object key, object? value) in dict.Items)
            {
                if (key is string name && value is TorchTensor tensor)
                    Add(name, tensor);
            }
            return _order.Count > 0 ? WithCopies(Weights(), place, beside) : throw NoWeights(dict);
        }
        throw NoWeights(root);
    }

    // A copy has a value for each key of the weights, whatever stands before them.
    private Parameter[] WithCopies(Parameter[] weights, string place, List<(string Name, PickleDict Values)> beside)
    {
        var copies = new List<Parameter>();
        foreach ((string name, PickleDict values) in beside)
        {
            var tensors = new Dictionary<string, TorchTensor>(StringComparer.Ordinal);
            Collect(values, "", tensors, 0);
            string first = weights[0].Key;
            string? before = tensors.Keys.FirstOrDefault(key => key.EndsWith(first, StringComparison.Ordinal)
                && weights.All(weight => tensors.ContainsKey(key[..^first.Length] + weight.Key)))?[..^first.Length];
            if (before is null) continue;
            copies.AddRange(weights.Select(weight => tensors[before + weight.Key].ToParameter($"{name}.{weight.Key}")));
        }
        return copies.Count == 0 ? weights : [.. weights.Select(weight => weight.WithKey($"{place}.{weight.Key}")), .. copies];
    }

    private void Collect(PickleDict values, string prefix, Dictionary<string, TorchTensor> tensors, int depth)
    {
        foreach ((object key, object? value) in values.Items)
        {
            if (key is not string name || prefix.Length + name.Length > MaxKeyLength) continue;
            if (++_visits > MaxVisits) throw source.Error($"is refused: it holds more than {MaxVisits} weights");
            if (value is TorchTensor tensor) tensors[prefix + name] = tensor;
            else if (value is PickleDict inner && depth < MaxNesting) Collect(inner, $"{prefix}{name}.", tensors, depth + 1);
        }
    }

    private static bool HoldsWeights(object? value) =>
        value is PickleDict || (value is PickleRecord record && (IsModule(record) || record.ItemsOrNull is not null));

    private static bool IsModule(PickleRecord record) => record.Attributes["_modules"] is PickleDict || IsScript(record);

    private static bool IsScript(PickleRecord record) => record.Type.Module.StartsWith("__torch__", StringComparison.Ordinal);

    /// <summary>As <c>Module.state_dict</c> does it: parameters, persistent buffers, then the children.</summary>
    private void AddModule(PickleRecord module, string prefix, int depth)
    {
        if (depth > MaxModuleDepth || prefix.Length > MaxKeyLength || ++_visits > MaxVisits)
            throw source.Error("is refused: its modules are nested without end");
        if (IsScript(module))
        {
            AddScriptModule(module, prefix, depth);
            return;
        }

        var transient = module.Attributes["_non_persistent_buffers_set"] as HashSet<object>;
        AddTensors(module.Attributes["_parameters"], prefix, null);
        AddTensors(module.Attributes["_buffers"], prefix, transient);
        foreach ((object key, object? value) in (module.Attributes["_modules"] as PickleDict)?.Items ?? [])
        {
            if (key is string name && value is PickleRecord child)
                AddModule(child, $"{prefix}{name}.", depth + 1);
        }
    }

    private void AddTensors(object? values, string prefix, HashSet<object>? except)
    {
        foreach ((object key, object? value) in (values as PickleDict)?.Items ?? [])
        {
            if (key is string name && value is TorchTensor tensor && except?.Contains(name) != true)
                Add(prefix + name, tensor);
        }
    }

    /// <summary>In TorchScript weights and children are plain attributes.</summary>
    private void AddScriptModule(PickleRecord module, string prefix, int depth)
    {
        foreach ((object key, object? value) in module.Attributes.Items)
        {
            if (key is string name && value is TorchTensor tensor)
                Add(prefix + name, tensor);
            else if (key is string childName && value is PickleRecord child && IsScript(child))
                AddModule(child, $"{prefix}{childName}.", depth + 1);
        }
    }

    private void Add(string key, TorchTensor tensor)
    {
        if (key.Length > MaxKeyLength || ++_visits > MaxVisits)
            throw source.Error($"is refused: it holds more than {MaxVisits} weights, or a key of more than {MaxKeyLength} letters");
        if (!_found.TryAdd(key, tensor))
            throw source.Error($"is damaged: weight '{key}' occurs twice");
        _order.Add(key);
    }

    private Parameter[] Weights()
    {
        CheckSize();
        int cut = 0;
        while (_order.Count > 0 && Prefixes.FirstOrDefault(
            prefix => _order.TrueForAll(key => key.AsSpan(cut).StartsWith(prefix) && key.Length > cut + prefix.Length)) is { } prefix)
        {
            cut += prefix.Length;
        }
        return [.. _order.Select(key => _found[key].ToParameter(key[cut..]))];
    }

    /// <summary>Views may share bytes, but not so many that a small file stands for a huge network.</summary>
    private void CheckSize()
    {
        long bytes = _found.Values.Sum(tensor => (long)tensor.Count * sizeof(float));
        if (bytes / 64 > source.Length + (1 << 20))
            throw source.Error($"is refused: its {source.Length} bytes claim to hold {bytes} bytes of weights");
    }

    private CheckpointException NoWeights(object? root) => source.Error(root switch
    {
        PickleDict dict => "holds no weights: a state dict was expected, a dictionary without tensors was found, with the keys "
            + string.Join(", ", dict.Items.Select(item => item.Key).OfType<string>().Take(5).Select(key => $"'{Shorten(key)}'")),
        PickleRecord record =>
            $"holds no weights: a state dict or a module was expected, an object of class {Shorten(record.Type.ToString())} was found",
        TorchTensor => "holds a single tensor: a state dict was expected",
        List<object?> or object?[] => "holds a list: a state dict was expected",
        _ => "holds no weights: a state dict was expected",
    });

    private static string Shorten(string text) => new([.. text.Take(100).Select(c => char.IsControl(c) ? '?' : c)]);
}
