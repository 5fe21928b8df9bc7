using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace LungSeg.Cli.Runs;

/// <summary>
/// A few threads that each take the next item, complete it and hand over its result, one at a time. So there are never more items in
/// progress than threads.
/// </summary>
internal static class ImageWorkers
{
    /// <summary>
    /// Does <paramref name="work"/> for each item, begun in their order, and calls <paramref name="done"/> in the order in which they end.
    /// Begins no more items once <paramref name="stops"/> says so or something throws; that exception is thrown here when all threads
    /// have ended.
    /// </summary>
    public static void Run<TItem, TResult>(
        int threads, IReadOnlyList<TItem> items, Func<TItem, TResult> work, Action<TItem, TResult> done, Func<bool> stops)
    {
        int next = -1;
        Exception? fault = null;
        var oneAtATime = new Lock();
        int count = Math.Min(threads, items.Count);
        Thread[] all = [.. Enumerable.Range(1, count).Select(number => new Thread(Work) { Name = $"lungseg images {number}" })];
        foreach (Thread thread in all) thread.Start();
        foreach (Thread thread in all) thread.Join();
        if (fault is not null) ExceptionDispatchInfo.Throw(fault);

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

/// <summary>
/// Ctrl-C and SIGTERM during a run: the first asks it to finish the images in progress, the second ends the program at once.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private readonly PosixSignalRegistration[] _signals;
    private readonly Action _first;
    private int _count;

    /// <param name="first">Called at the first signal, from another thread.</param>
    public Interruption(Action first)
    {
        _first = first;
        _signals = [PosixSignalRegistration.Create(PosixSignal.SIGINT, Take), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Take)];
    }

    public void Dispose()
    {
        foreach (PosixSignalRegistration signal in _signals) signal.Dispose();
    }

    private void Take(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref _count) == 1)
        {
            _first();
            return;
        }
        // The progress bar hides the cursor.
        if (!Console.IsErrorRedirected) Console.CursorVisible = true;
        Environment.Exit(ExitCode.Interrupted);
    }
}
