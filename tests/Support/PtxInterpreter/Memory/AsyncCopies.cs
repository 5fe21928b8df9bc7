namespace LungSeg.PtxInterpreter.Memory;

/// <summary>
/// cp.async of one warp: copies that have begun wait in groups and arrive only when their group is waited for, as late as a GPU may
/// let them.
/// </summary>
internal sealed class AsyncCopies
{
    private readonly Queue<List<AsyncCopy>> _groups = new();
    private List<AsyncCopy> _open = [];

    public void Clear()
    {
        _groups.Clear();
        _open.Clear();
    }

    public void Begin(AsyncCopy copy) => _open.Add(copy);

    public void Commit()
    {
        _groups.Enqueue(_open);
        _open = [];
    }

    /// <summary>The copies that must have arrived when no more than so many groups are still under way.</summary>
    public IEnumerable<AsyncCopy> WaitFor(int groupsLeft)
    {
        while (_groups.Count > groupsLeft)
        {
            foreach (AsyncCopy copy in _groups.Dequeue()) yield return copy;
        }
    }
}

/// <summary>A copy of one lane: Bytes from the source, zeros up to Size.</summary>
internal readonly record struct AsyncCopy(int Lane, uint Target, nint Source, int Bytes, int Size);
