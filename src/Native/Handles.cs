using System.Collections.Concurrent;

namespace LungSeg.Native;

/// <summary>
/// Objects that C holds by a number in place of a pointer. A number is never used again, so that one which was freed is an error, not a
/// crash.
/// </summary>
internal sealed class Handles<T>(string kind) where T : class
{
    private readonly ConcurrentDictionary<nint, T> _objects = [];
    private long _last;

    /// <summary>Takes an object over.</summary>
    public nint Add(T value)
    {
        // A pointer that a debugger shows and nobody follows: odd, and so never a real one.
        nint handle = (nint)Interlocked.Add(ref _last, 2) | 1;
        _objects[handle] = value;
        return handle;
    }

    /// <summary>The object of a handle; throws <see cref="ArgumentException"/> for one that was freed or never made.</summary>
    public T this[nint handle] => _objects.TryGetValue(handle, out T? value) ? value : throw Unknown(handle);

    /// <summary>Gives an object back; nothing for 0, which is NULL.</summary>
    public T? Remove(nint handle) => handle == 0 ? null : _objects.TryRemove(handle, out T? value) ? value : throw Unknown(handle);

    private ArgumentException Unknown(nint handle) =>
        new(handle == 0 ? $"the {kind} is NULL" : $"the {kind} is none that is in use: it was freed, or is no {kind}");
}
