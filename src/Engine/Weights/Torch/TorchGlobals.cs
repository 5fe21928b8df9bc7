namespace LungSeg.Engine.Weights.Torch;

/// <summary>The only functions that a checkpoint may call. Each one builds data from data.</summary>
internal sealed class TorchGlobals(PickleReader reader)
{
    /// <summary>What calling <paramref name="function"/> gives; anything off the list is refused by name.</summary>
    public object? Call(PickleGlobal function, object?[] arguments)
    {
        switch (function.ToString())
        {
            case "collections.OrderedDict":
            case "collections.defaultdict":
            case "collections.Counter":
                return MakeDict(arguments);
            case "__builtin__.set":
            case "__builtin__.frozenset":
            case "builtins.set":
            case "builtins.frozenset":
                return MakeSet(arguments.Length == 0 ? [] : Sequence(arguments[0]));
            case "torch.Size":
                return Sequence(Argument(arguments, 0)).ToArray();
            case "torch._utils._rebuild_tensor":
            case "torch._utils._rebuild_tensor_v2":
                return MakeTensor(arguments, null);
            case "torch._utils._rebuild_tensor_v3":
                return MakeTensor(arguments, TorchDTypes.OfTensor(Argument(arguments, 6), reader.Source));
            case "torch._utils._rebuild_parameter":
            case "torch._utils._rebuild_parameter_with_state":
                return Argument(arguments, 0) as TorchTensor ?? throw Bad("a parameter without a tensor");
            case "torch._tensor._rebuild_from_type_v2":
                return CallNested(arguments);
            // Lists with a type for TorchScript's sake.
            case "torch.jit._pickle.build_intlist":
            case "torch.jit._pickle.build_tensorlist":
            case "torch.jit._pickle.build_doublelist":
            case "torch.jit._pickle.build_boollist":
            case "torch.jit._pickle.restore_type_tag":
                return Argument(arguments, 0);
            // Common beside weights in training checkpoints and pickled modules; they stay inert.
            case "copy_reg._reconstructor":
            case "copyreg._reconstructor":
                return New(Argument(arguments, 0) as PickleGlobal ?? throw Bad("an object without a class"));
            case "_codecs.encode":
            case "functools.partial":
            case "numpy.core.multiarray.scalar":
            case "numpy.core.multiarray._reconstruct":
            case "numpy._core.multiarray.scalar":
            case "numpy._core.multiarray._reconstruct":
            case "numpy.dtype":
            case "pathlib.PosixPath":
            case "pathlib.WindowsPath":
            case "torch.serialization._get_layout":
            case "torch.device":
                return new PickleRecord(function);
            default:
                throw reader.Error(
                    $"is refused: it calls {Shown(function)} while it is loaded, which is not needed to read weights and may be an attack; "
                    + "save the network's state_dict() instead");
        }
    }

    /// <summary>An empty object of a class.</summary>
    public static object New(PickleGlobal type) =>
        type.ToString() is "collections.OrderedDict" or "collections.defaultdict" ? new PickleDict() : new PickleRecord(type);

    public HashSet<object> MakeSet(IReadOnlyCollection<object?> items)
    {
        reader.Charge(48L * items.Count);
        var set = new HashSet<object>(PickleKeyComparer.Instance);
        foreach (object? item in items)
            set.Add(item ?? PickleKeyComparer.None);
        return set;
    }

    /// <summary>Python 2 hands an ordered dictionary's items to the constructor as a list of pairs.</summary>
    private PickleDict MakeDict(object?[] arguments)
    {
        // A default dictionary is given its factory, a counter its counts: both are nobody's weights.
        if (arguments is not [List<object?> pairs])
            return arguments is [PickleDict counts] ? counts : new PickleDict();
        var dict = new PickleDict();
        reader.Charge(96L * pairs.Count);
        foreach (object? item in pairs)
        {
            (object? key, object? value) = item switch
            {
                object?[] { Length: 2 } pair => (pair[0], pair[1]),
                List<object?> { Count: 2 } pair => (pair[0], pair[1]),
                _ => throw Bad("a dictionary of what are no pairs"),
            };
            dict.Set(key, value);
        }
        return dict;
    }

    /// <summary>Arguments: function, type, its arguments, state. The type is that of a subclass of Tensor.</summary>
    private object? CallNested(object?[] arguments)
    {
        var function = Argument(arguments, 0) as PickleGlobal;
        var inner = Argument(arguments, 2) as object?[];
        if (function is null || inner is null || function.Name == "_rebuild_from_type_v2")
            throw Bad("a tensor of a type that is built in an unknown way");
        return Call(function, inner);
    }

    /// <summary>Arguments: storage, offset, size, stride, and flags of no interest here.</summary>
    private TorchTensor MakeTensor(object?[] arguments, DType? dtype)
    {
        TorchStorage storage = Argument(arguments, 0) as TorchStorage ?? throw Bad("a tensor without a storage");
        long offset = Argument(arguments, 1) as long? ?? throw Bad("a tensor without an offset");
        reader.Charge(256);
        return TorchTensor.Make(
            dtype is null ? storage : storage.As(dtype.Value), offset, Numbers(Argument(arguments, 2)), Numbers(Argument(arguments, 3)),
            reader.Source);
    }

    private long[] Numbers(object? value)
    {
        IReadOnlyList<object?> items = Sequence(value);
        reader.Charge(24L * items.Count);
        return [.. items.Select(item => item as long? ?? throw Bad("a size that is no integer"))];
    }

    private IReadOnlyList<object?> Sequence(object? value) => value switch
    {
        object?[] tuple => tuple,
        List<object?> list => list,
        HashSet<object> set => [.. set],
        _ => throw Bad("a sequence that is none"),
    };

    private object? Argument(object?[] arguments, int index) =>
        index < arguments.Length ? arguments[index] : throw Bad($"a call with {arguments.Length} arguments");

    private CheckpointException Bad(string what) => reader.Error($"is damaged: the pickle has {what}");

    private static string Shown(PickleGlobal function) =>
        new([.. function.ToString().Take(100).Select(c => char.IsControl(c) ? '?' : c)]);
}
