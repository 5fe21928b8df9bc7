namespace LungSeg.Engine.Backends.Cpu;

/// <summary>Work that all workers do together, each its own part.</summary>
internal interface IParallelWork
{
    void Run(int worker);
}

/// <summary>
/// A fixed pool of threads: the caller is worker 0. Idle workers spin for a moment and then sleep, so that a run of short
/// jobs starts at once and a quiet program costs nothing.
/// </summary>
internal sealed class Workers : IDisposable
{
    private const int SpinsBeforeSleep = 2000;
    private const int SpinsBeforeYield = 4000;
    private readonly Thread[] _threads;
    private readonly Lock _oneJob = new();
    private readonly object _sleep = new();
    private IParallelWork? _work;
    private int _job;
    private int _arrived;
    private int _phase;
    private bool _stopped;

    public Workers(int count)
    {
        Count = count;
        _threads = new Thread[count - 1];
        for (int i = 0; i < _threads.Length; i++)
        {
            int worker = i + 1;
            _threads[i] = new Thread(() => Work(worker)) { IsBackground = true, Name = $"lungseg worker {worker}" };
            _threads[i].Start();
        }
    }

    public int Count { get; }

    /// <summary>Runs the work on all workers and returns when each has finished. One job at a time.</summary>
    public void Run(IParallelWork work)
    {
        lock (_oneJob)
        {
            if (Count == 1)
            {
                work.Run(0);
                return;
            }
            _work = work;
            lock (_sleep)
            {
                _job++;
                Monitor.PulseAll(_sleep);
            }
            work.Run(0);
            Wait();
            _work = null;
        }
    }

    /// <summary>Returns when every worker has called it: what they wrote before is visible to all after.</summary>
    public void Wait()
    {
        if (Count == 1) return;
        int phase = Volatile.Read(ref _phase);
        if (Interlocked.Increment(ref _arrived) == Count)
        {
            _arrived = 0;
            Volatile.Write(ref _phase, phase + 1);
            return;
        }
        for (int spins = 0; Volatile.Read(ref _phase) == phase; spins++)
        {
            if (spins < SpinsBeforeYield) Thread.SpinWait(1);
            else Thread.Yield();
        }
    }

    public void Dispose()
    {
        lock (_sleep)
        {
            _stopped = true;
            _job++;
            Monitor.PulseAll(_sleep);
        }
        foreach (Thread thread in _threads) thread.Join();
    }

    private void Work(int worker)
    {
        int done = 0;
        while (true)
        {
            for (int spins = 0; spins < SpinsBeforeSleep && Volatile.Read(ref _job) == done; spins++) Thread.SpinWait(1);
            lock (_sleep)
            {
                while (_job == done) Monitor.Wait(_sleep);
                done = _job;
            }
            if (_stopped) return;
            _work!.Run(worker);
            Wait();
        }
    }
}
