namespace LungSeg.Engine;

/// <summary>
/// Counts who uses what an owner holds. Once the owner has closed it, further uses are refused, and the last use that still runs frees what
/// the owner held; without one, closing does. A use of a part is a use of the whole as well: a plan's holds its model and the model's
/// backend.
/// </summary>
/// <param name="owner">The owner's type, for <see cref="ObjectDisposedException"/>.</param>
/// <param name="free">Frees what the owner holds; called once, and must not throw.</param>
/// <param name="whole">What the owner is a part of.</param>
internal sealed class UseCount(Type owner, Action free, UseCount? whole = null)
{
    // The lowest bit is set when the owner has let go; the rest counts the uses, of which the owner's is the first.
    private const int Closed = 1, One = 2;
    private int _state = One;

    /// <summary>
    /// Begins a use, which its disposal ends. Throws <see cref="ObjectDisposedException"/> where the owner or the whole is closed.
    /// </summary>
    public Use Enter()
    {
        for (int seen = Volatile.Read(ref _state); ;)
        {
            ObjectDisposedException.ThrowIf((seen & Closed) != 0, owner);
            int found = Interlocked.CompareExchange(ref _state, seen + One, seen);
            if (found == seen) break;
            seen = found;
        }
        try
        {
            whole?.Enter();
        }
        catch
        {
            Leave();
            throw;
        }
        return new Use(this);
    }

    /// <summary>Refuses further uses and ends the owner's own; a second call does nothing.</summary>
    public void Close()
    {
        if ((Interlocked.Or(ref _state, Closed) & Closed) == 0) Leave();
    }

    private void Exit()
    {
        Leave();
        whole?.Exit();
    }

    private void Leave()
    {
        if (Interlocked.Add(ref _state, -One) == Closed) free();
    }

    /// <summary>A use that runs.</summary>
    public readonly struct Use(UseCount count) : IDisposable
    {
        /// <summary>Ends it; once only.</summary>
        public void Dispose() => count.Exit();
    }
}
