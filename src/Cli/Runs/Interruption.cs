using System.Runtime.InteropServices;

namespace LungSeg.Cli.Runs;

/// <summary>
/// Ctrl-C and SIGTERM while a run works: the first asks it to finish what it has begun, the second ends the program at once.
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
        // The bar hides the cursor.
        if (!Console.IsErrorRedirected) Console.CursorVisible = true;
        Environment.Exit(ExitCode.Interrupted);
    }
}
