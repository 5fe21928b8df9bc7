namespace LungSeg.Cli.Runs;

/// <summary>
/// A few threads that each take the next piece of work, do all of it and hand over what came of it, one at a time. So no more pieces are
/// under way than there are threads, however many wait.
/// </summary>
internal static class ImageWorkers
{
    /// <summary>
    /// Does <paramref name="work"/> for each item, begun in their order, and calls <paramref name="done"/> in the order in which they end.
    /// Takes no more items once <paramref name="stops"/> says so or something throws, which is thrown here when all threads have ended.
    /// </summary>
    public static void Run<TItem, TResult>(
        int threads, IReadOnlyList<TItem> items, Func<TItem, TResult> work, Action<TItem, TResult> done, Func<bool> stops)
    {
        int next = -1;
        Exception? fault = null;
        var oneAtATime = new Lock();
        Thread[] all = [.. Enumerable.Range(1, Math.Min(threads, items.Count)).Select(number => new Thread(Work) { Name = $"lungseg images {number}" })];
        foreach (Thread thread in all) thread.Start();
        foreach (Thread thread in all) thread.Join();
        if (fault is not null) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(fault);

        void Work()
        {
            try
            {
                while (!stops() && Volatile.Read(ref fault) is null && Interlocked.Increment(ref next) is int i && i < items.Count)
                {
                    TResult result = work(items[i]);
                    lock (oneAtATime) done(items[i], result);
                }
            }
            catch (Exception e)
            {
                Interlocked.CompareExchange(ref fault, e, null);
            }
        }
    }
}
