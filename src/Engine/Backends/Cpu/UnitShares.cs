namespace LungSeg.Engine.Backends.Cpu;

/// <summary>
/// A kernel's units among the workers. Each begins with a share of its own, the same in every run, and takes it from the front;
/// who has done all of it takes from the end of the largest share that is left, so that a worker on a slow or busy processor
/// holds up the others by a unit at most. Which worker runs a unit changes no bit of its result.
/// </summary>
internal sealed class UnitShares(int units, int workers)
{
    // Of what is left of a share, what is taken at once: large pieces first, single units in the end.
    private const int Portion = 4;

    // A share's bounds, begin in the upper half and end in the lower, are one word, alone in its cache line.
    private const int Spacing = 8;
    private readonly long[] _shares = new long[workers * Spacing];

    /// <summary>Deals all units out, before a run.</summary>
    public void Deal()
    {
        for (int worker = 0; worker < workers; worker++)
            Volatile.Write(ref _shares[worker * Spacing],
                Share((int)((long)units * worker / workers), (int)((long)units * (worker + 1) / workers)));
    }

    /// <summary>Takes the next units from begin to before end for a worker; false if none are left anywhere.</summary>
    public bool Take(int worker, out int begin, out int end)
    {
        for (int from = worker; from >= 0; from = Largest())
        {
            ref long share = ref _shares[from * Spacing];
            for (long seen = Volatile.Read(ref share); Left(seen) > 0;)
            {
                int count = workers == 1 ? units : Math.Max(1, Left(seen) / Portion);
                (begin, end) = from == worker ? (Begin(seen), Begin(seen) + count) : (End(seen) - count, End(seen));
                long rest = from == worker ? Share(end, End(seen)) : Share(Begin(seen), begin);
                long found = Interlocked.CompareExchange(ref share, rest, seen);
                if (found == seen) return true;
                seen = found;
            }
        }
        begin = end = 0;
        return false;
    }

    // The worker with the most units left; -1 if no one has any.
    private int Largest()
    {
        int largest = -1, maximum = 0;
        for (int worker = 0; worker < workers; worker++)
        {
            int left = Left(Volatile.Read(ref _shares[worker * Spacing]));
            if (left > maximum) (largest, maximum) = (worker, left);
        }
        return largest;
    }

    private static long Share(int begin, int end) => ((long)begin << 32) | (uint)end;

    private static int Begin(long share) => (int)(share >> 32);

    private static int End(long share) => (int)share;

    private static int Left(long share) => End(share) - Begin(share);
}
