namespace LungSeg.Engine.Weights.Torch;

// A pickle's values are null, bool, long, BigInteger, double, string, byte[], object?[] for a tuple, List<object?>,
// HashSet<object>, and the types of this file and of TorchStorage and TorchTensor.

/// <summary>A class or function by name. It stays a name: nothing is looked up, nothing can be run.</summary>
internal sealed record PickleGlobal(string Module, string Name)
{
    public override string ToString() => $"{Module}.{Name}";
}

/// <summary>A dictionary in the order of insertion.</summary>
internal sealed class PickleDict
{
    private readonly OrderedDictionary<object, object?> _items = new(PickleKeyComparer.Instance);

    public int Count => _items.Count;

    public IEnumerable<KeyValuePair<object, object?>> Items => _items;

    public object? this[string key] => _items.GetValueOrDefault(key);

    public void Set(object? key, object? value) => _items[key ?? PickleKeyComparer.None] = value;
}

/// <summary>An object of a class that is not known here: its attributes and, for a subclass of dict, its items.</summary>
internal sealed class PickleRecord(PickleGlobal type)
{
    private PickleDict? _items;

    public PickleGlobal Type => type;

    public PickleDict Attributes { get; } = new();

    public PickleDict? ItemsOrNull => _items;

    public PickleDict Items => _items ??= new PickleDict();
}

/// <summary>
/// Keys by value for strings and numbers, by identity for the rest. Numbers are hashed with the process's random seed, so
/// that nobody can prepare keys that collide.
/// </summary>
internal sealed class PickleKeyComparer : IEqualityComparer<object>
{
    public static readonly PickleKeyComparer Instance = new();

    /// <summary>Stands for None.</summary>
    public static readonly object None = new();

    public new bool Equals(object? x, object? y) => (x, y) switch
    {
        (string a, string b) => a == b,
        (long a, long b) => a == b,
        _ => ReferenceEquals(x, y),
    };

    public int GetHashCode(object key) => key switch
    {
        string text => text.GetHashCode(StringComparison.Ordinal),
        long number => HashCode.Combine((int)number, (int)(number >> 32)),
        _ => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(key),
    };
}
