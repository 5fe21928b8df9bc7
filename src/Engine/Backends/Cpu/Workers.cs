namespace LungSeg.Engine.Backends.Cpu;

/// <summary>Work that all workers do together, each its own part.</summary>
internal interface IParallelWork
{
    void Run(int worker);
}

/// <summary>
/// A fixed pool of threads: the caller is worker 0. Whoever waits spins for a moment and then sleeps, so that a run of short
/// jobs starts at once, a quiet program costs nothing, and on a busy machine those who wait leave the processors to those who work.
/// </summary>
internal sealed class Workers : IDisposable
{
    // Half a millisecond or so: longer than the last worker of a step lets the others wait, and shorter than a time slice.
    private const int Spins = 30_000;
    private readonly Thread[] _threads;
    private readonly Lock _oneJob = new();
    private readonly Gate _jobs = new();
    private readonly Gate _phases = new();
    private IParallelWork? _work;
    private int _arrived;
    private volatile bool _stopped;

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

    /// <summary>
    /// Runs the work on all workers and returns when each has finished. One job at a time; where the caller is the only worker, as
    /// many as there are callers.
    /// </summary>
    public void Run(IParallelWork work)
    {
        if (Count == 1)
        {
            work.Run(0);
            return;
        }
        lock (_oneJob)
        {
            _work = work;
            _jobs.Open();
            work.Run(0);
            Wait();
            _work = null;
        }
    }

    /// <summary>Returns when every worker has called it: what they wrote before is visible to all after.</summary>
    public void Wait()
    {
        if (Count == 1) return;
        int phase = _phases.Turn;
        if (Interlocked.Increment(ref _arrived) < Count)
        {
            _phases.WaitPast(phase);
            return;
        }
        _arrived = 0;
        _phases.Open();
    }

    public void Dispose()
    {
        _stopped = true;
        _jobs.Open();
        foreach (Thread thread in _threads) thread.Join();
    }

    private void Work(int worker)
    {
        for (int done = 0; ; done++)
        {
            _jobs.WaitPast(done);
            if (_stopped) return;
            _work!.Run(worker);
            Wait();
        }
    }

    /// <summary>A gate that is opened turn after turn; who waits for a turn to be over spins first and sleeps then.</summary>
    private sealed class Gate
    {
        private readonly object _bell = new();
        private int _turn;
        private int _asleep;

        public int Turn => Volatile.Read(ref _turn);

        public void Open()
        {
            // A full fence between the new turn and the look at who sleeps, as the sleepers have between their lying down and the look at
            // the turn.
            Interlocked.Increment(ref _turn);
            if (Volatile.Read(ref _asleep) == 0) return;
            lock (_bell) Monitor.PulseAll(_bell);
        }

        public void WaitPast(int turn)
        {
            for (int spins = 0; spins < Spins; spins++)
            {
                if (Turn != turn) return;
                Thread.SpinWait(1);
            }
            Interlocked.Increment(ref _asleep);
            lock (_bell)
            {
                while (Turn == turn) Monitor.Wait(_bell);
            }
            Interlocked.Decrement(ref _asleep);
        }
    }
}
