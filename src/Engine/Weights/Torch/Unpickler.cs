using System.Globalization;

namespace LungSeg.Engine.Weights.Torch;

/// <summary>
/// Python's pickle machine, protocols 2 to 5, without Python: it can build data and nothing else. An object of an unknown
/// class becomes a <see cref="PickleRecord"/>; a call of anything that <see cref="TorchGlobals"/> does not list is refused.
/// Reference: CPython's Lib/pickletools.py.
/// </summary>
/// <param name="reader">The pickle.</param>
/// <param name="persistentLoad">Resolves a persistent id, which is how PyTorch refers to a storage.</param>
internal sealed class Unpickler(PickleReader reader, Func<object?, object?> persistentLoad)
{
    // Rough sizes of objects in memory.
    private const int Slot = 16, Small = 32, Container = 160;

    private readonly TorchGlobals _globals = new(reader);
    private readonly PickleStack _stack = new(reader);
    private readonly Dictionary<long, object?> _memo = [];
    private readonly long _start = reader.Position;

    /// <summary>The protocol that the pickle states; 0 when it states none.</summary>
    public int Protocol { get; private set; }

    /// <summary>Runs the pickle up to its STOP and returns what it built.</summary>
    public object? Load()
    {
        for (byte opcode; (opcode = reader.ReadByte()) != '.';)
        {
            reader.Charge(Slot);
            if (!LoadScalar(opcode) && !LoadContainer(opcode) && !LoadObject(opcode) && !LoadMemo(opcode))
                throw reader.Error($"is refused: its pickle has the opcode 0x{opcode:X2}, which no checkpoint of protocols 2 to 5 needs");
        }
        return _stack.Pop();
    }

    private bool LoadScalar(byte opcode)
    {
        switch (opcode)
        {
            case 0x80: // PROTO
                Protocol = reader.ReadByte();
                if (Protocol > 5)
                    throw reader.Error($"is refused: pickle protocol {Protocol} is not known here (2 to 5 are)");
                return true;
            case 0x95: // FRAME
                reader.ReadInt64();
                return true;
            case (byte)'N': return Push(null);
            case 0x88: return Push(true);
            case 0x89: return Push(false);
            case (byte)'J': return PushSmall((long)(int)reader.ReadUInt32());
            case (byte)'K': return PushSmall((long)reader.ReadByte());
            case (byte)'M': return PushSmall((long)reader.ReadUInt16());
            case 0x8A: return PushSmall(reader.ReadInteger(reader.ReadByte()));
            case 0x8B: return PushSmall(reader.ReadInteger((int)reader.ReadUInt32()));
            case (byte)'I': return PushSmall(ParseInteger(reader.ReadLine()));
            case (byte)'L': return PushSmall(ParseInteger(reader.ReadLine().TrimEnd('L')));
            case (byte)'F': return PushSmall(ParseDouble(reader.ReadLine()));
            case (byte)'G': return PushSmall(reader.ReadDouble());
            case (byte)'U': return Push(reader.ReadString(reader.ReadByte()));
            case (byte)'T': return Push(reader.ReadString((int)reader.ReadUInt32()));
            case 0x8C: return Push(reader.ReadString(reader.ReadByte()));
            case (byte)'X': return Push(reader.ReadString(reader.ReadUInt32()));
            case 0x8D: return Push(reader.ReadString(reader.ReadInt64()));
            case (byte)'C': return Push(reader.ReadBytes(reader.ReadByte()));
            case (byte)'B': return Push(reader.ReadBytes(reader.ReadUInt32()));
            case 0x8E: return Push(reader.ReadBytes(reader.ReadInt64()));
            case 0x96: return Push(reader.ReadBytes(reader.ReadInt64()));
            default: return false;
        }
    }

    private bool LoadContainer(byte opcode)
    {
        switch (opcode)
        {
            case (byte)'(': _stack.Mark(); return true;
            case (byte)'0': _stack.Discard(); return true;
            case (byte)'1': _stack.PopToMark(); return true;
            case (byte)'2': return Push(_stack.Peek());
            case (byte)')': return Push(Array.Empty<object?>());
            case (byte)'t': return PushSmall(_stack.PopToMark());
            case 0x85: return PushSmall(_stack.PopMany(1));
            case 0x86: return PushSmall(_stack.PopMany(2));
            case 0x87: return PushSmall(_stack.PopMany(3));
            case (byte)']': return PushContainer(new List<object?>());
            case (byte)'l': return PushContainer(new List<object?>(_stack.PopToMark()));
            case (byte)'a': return Append([_stack.Pop()]);
            case (byte)'e': return Append(_stack.PopToMark());
            case (byte)'}': return PushContainer(new PickleDict());
            case (byte)'d':
                object?[] pairs = _stack.PopToMark();
                PushContainer(new PickleDict());
                return SetItems(pairs);
            case (byte)'s': return SetItems(_stack.PopMany(2));
            case (byte)'u': return SetItems(_stack.PopToMark());
            case 0x8F: return PushContainer(new HashSet<object>(PickleKeyComparer.Instance));
            case 0x90: return AddItems(_stack.PopToMark());
            case 0x91: return PushContainer(_globals.MakeSet(_stack.PopToMark()));
            default: return false;
        }
    }

    private bool LoadObject(byte opcode)
    {
        switch (opcode)
        {
            case (byte)'c': return PushSmall(new PickleGlobal(reader.ReadLine(), reader.ReadLine()));
            case 0x93: // STACK_GLOBAL
                object?[] names = _stack.PopMany(2);
                return PushSmall(new PickleGlobal(Text(names[0]), Text(names[1])));
            case (byte)'R':
                object?[] call = _stack.PopMany(2);
                return PushContainer(_globals.Call(Callable(call[0]), Tuple(call[1])));
            case (byte)'i': // INST
                object?[] instanceArguments = _stack.PopToMark();
                return PushContainer(_globals.Call(new PickleGlobal(reader.ReadLine(), reader.ReadLine()), instanceArguments));
            case (byte)'o': // OBJ
                object?[] parts = _stack.PopToMark();
                return PushContainer(_globals.Call(Callable(parts.FirstOrDefault()), [.. parts.Skip(1)]));
            case 0x81: // NEWOBJ
                return PushContainer(TorchGlobals.New(Callable(_stack.PopMany(2)[0])));
            case 0x92: // NEWOBJ_EX
                return PushContainer(TorchGlobals.New(Callable(_stack.PopMany(3)[0])));
            case (byte)'b': return Build(_stack.Pop(), _stack.Peek());
            case (byte)'Q': return Push(persistentLoad(_stack.Pop()));
            default: return false;
        }
    }

    private bool LoadMemo(byte opcode)
    {
        switch (opcode)
        {
            case 0x94: return Put(_memo.Count);
            case (byte)'q': return Put(reader.ReadByte());
            case (byte)'r': return Put(reader.ReadUInt32());
            case (byte)'p': return Put(ParseInteger(reader.ReadLine()));
            case (byte)'h': return Get(reader.ReadByte());
            case (byte)'j': return Get(reader.ReadUInt32());
            case (byte)'g': return Get(ParseInteger(reader.ReadLine()));
            default: return false;
        }
    }

    private bool Push(object? value)
    {
        _stack.Push(value);
        return true;
    }

    private bool PushSmall(object value)
    {
        reader.Charge(Small);
        return Push(value);
    }

    private bool PushContainer(object? value)
    {
        reader.Charge(Container);
        return Push(value);
    }

    private bool Append(object?[] items)
    {
        reader.Charge((long)items.Length * Slot);
        switch (_stack.Peek())
        {
            case List<object?> list:
                list.AddRange(items);
                return true;
            // A subclass of list: its items are nobody's weights.
            case PickleRecord:
                return true;
            default:
                throw reader.Error("is damaged: the pickle appends to what is no list");
        }
    }

    private bool AddItems(object?[] items)
    {
        if (_stack.Peek() is not HashSet<object> set)
            throw reader.Error("is damaged: the pickle adds to what is no set");
        reader.Charge((long)items.Length * 3 * Slot);
        foreach (object? item in items)
            set.Add(item ?? PickleKeyComparer.None);
        return true;
    }

    private bool SetItems(object?[] pairs)
    {
        PickleDict dict = _stack.Peek() switch
        {
            PickleDict target => target,
            PickleRecord record => record.Items,
            _ => throw reader.Error("is damaged: the pickle sets items of what is no dictionary"),
        };
        if (pairs.Length % 2 != 0)
            throw reader.Error("is damaged: the pickle sets a key without a value");
        reader.Charge((long)pairs.Length * 4 * Slot);
        for (int i = 0; i < pairs.Length; i += 2)
            dict.Set(pairs[i], pairs[i + 1]);
        return true;
    }

    /// <summary>Attributes of a record are kept; those of a dictionary (a state dict's <c>_metadata</c>) are not needed.</summary>
    private bool Build(object? state, object? target)
    {
        if (target is PickleDict)
            return true;
        if (target is not PickleRecord record)
            throw reader.Error("is refused: the pickle sets the state of what is no object");
        // With __slots__ the state is a pair of dictionaries, either of which may be None. Other states are not attributes.
        IEnumerable<object?> states = state is object?[] { Length: 2 } pair ? pair : [state];
        foreach (PickleDict attributes in states.OfType<PickleDict>())
        {
            reader.Charge((long)attributes.Count * 4 * Slot);
            foreach ((object key, object? value) in attributes.Items)
                record.Attributes.Set(key, value);
        }
        return true;
    }

    private bool Put(long index)
    {
        // Pickles number their memo upwards; a larger index only serves to make dictionary keys collide.
        if (index < 0 || index > reader.Position - _start)
            throw reader.Error($"is damaged: the pickle numbers its memo up to {index}");
        reader.Charge(2 * Slot);
        _memo[index] = _stack.Peek();
        return true;
    }

    private bool Get(long index) =>
        _memo.TryGetValue(index, out object? value)
            ? Push(value)
            : throw reader.Error($"is damaged: the pickle asks for memo {index}, which it did not set");

    private PickleGlobal Callable(object? value) =>
        value as PickleGlobal ?? throw reader.Error("is refused: its pickle calls what is no class or function");

    private object?[] Tuple(object? value) =>
        value as object?[] ?? throw reader.Error("is damaged: the pickle calls without a tuple of arguments");

    private string Text(object? value) =>
        value as string ?? throw reader.Error("is damaged: the pickle names a class by what is no text");

    private long ParseInteger(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value)
            ? value
            : throw reader.Error("is damaged: the pickle has an integer that is none");

    private double ParseDouble(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            ? value
            : throw reader.Error("is damaged: the pickle has a number that is none");
}
