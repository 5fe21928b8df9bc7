using System.Runtime.InteropServices;

namespace LungSeg.Engine.Weights.Torch;

/// <summary>The pickle machine's stack with its marks. Nothing below the last mark can be popped.</summary>
internal sealed class PickleStack(PickleReader reader)
{
    private readonly List<object?> _values = [];
    private readonly List<int> _marks = [];

    private int Floor => _marks.Count == 0 ? 0 : _marks[^1];

    public void Push(object? value) => _values.Add(value);

    public void Mark() => _marks.Add(_values.Count);

    public object? Peek() => _values.Count > Floor ? _values[^1] : throw Underflow();

    public object? Pop()
    {
        object? value = Peek();
        _values.RemoveAt(_values.Count - 1);
        return value;
    }

    /// <summary>Drops the value or mark on top.</summary>
    public void Discard()
    {
        if (_marks.Count > 0 && _marks[^1] == _values.Count)
            _marks.RemoveAt(_marks.Count - 1);
        else
            Pop();
    }

    public object?[] PopMany(int count)
    {
        if (_values.Count - Floor < count)
            throw Underflow();
        return Take(_values.Count - count);
    }

    public object?[] PopToMark()
    {
        if (_marks.Count == 0)
            throw Underflow();
        int start = _marks[^1];
        _marks.RemoveAt(_marks.Count - 1);
        return Take(start);
    }

    private object?[] Take(int start)
    {
        object?[] values = CollectionsMarshal.AsSpan(_values)[start..].ToArray();
        _values.RemoveRange(start, values.Length);
        return values;
    }

    private CheckpointException Underflow() => reader.Error("is damaged: the pickle takes more from its stack than there is");
}
