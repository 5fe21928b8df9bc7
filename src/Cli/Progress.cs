using System.Diagnostics;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace LungSeg.Cli;

/// <summary>How many of a run's images are done and have failed; any thread may count.</summary>
internal sealed class RunProgress(int total)
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private int _done, _failed;

    public int Total => total;

    public int Done => Volatile.Read(ref _done);

    public int Failed => Volatile.Read(ref _failed);

    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_start);

    /// <summary>Images per second since the start.</summary>
    public double Rate => Done / Math.Max(Elapsed.TotalSeconds, 1e-3);

    public string RateText => $"{Units.Fixed(Rate, Rate < 10 ? 2 : 1)} images/s";

    public void Add(bool failed)
    {
        if (failed) Interlocked.Increment(ref _failed);
        Interlocked.Increment(ref _done);
    }

    /// <summary>The state in one line.</summary>
    public override string ToString()
    {
        string failed = Failed > 0 ? $", {Failed} failed" : "";
        string left = Done > 0 && Done < Total ? $", {Units.Duration((Total - Done) / Rate)} left" : "";
        return $"{Done} of {Total}{failed}, {RateText}{left}";
    }
}

/// <summary>Shows the progress of a run until it is disposed: as a bar on a terminal, elsewhere as a line every ten seconds.</summary>
internal sealed class ProgressDisplay : IDisposable
{
    private static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(10), BetweenFrames = TimeSpan.FromMilliseconds(100);

    private readonly Action<string> _tell;
    private readonly Timer? _lines;
    private readonly ManualResetEventSlim _ended = new();
    private readonly Task _bar = Task.CompletedTask;

    private ProgressDisplay(TextWriter error, RunProgress progress, bool shown)
    {
        if (shown && IsTerminal(error))
        {
            IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(error) });
            _tell = line => console.WriteLine(line);
            _bar = Task.Factory.StartNew(() => ShowBar(console, progress), TaskCreationOptions.LongRunning);
            return;
        }
        _tell = error.WriteLine;
        if (shown) _lines = new Timer(_ => error.WriteLine($"{progress}"), null, BetweenLines, BetweenLines);
    }

    /// <summary>Starts to show a progress on the error stream; nothing is shown of a quiet run.</summary>
    public static ProgressDisplay Start(TextWriter error, RunProgress progress, bool quiet = false) => new(error, progress, !quiet);

    /// <summary>Whether a writer is the terminal's error stream.</summary>
    public static bool IsTerminal(TextWriter error) => error == Console.Error && !Console.IsErrorRedirected;

    /// <summary>Writes a line that does not disturb the bar.</summary>
    public void Tell(string line) => _tell(line);

    public void Dispose()
    {
        _lines?.Dispose();
        _ended.Set();
        _bar.GetAwaiter().GetResult();
        _ended.Dispose();
    }

    private void ShowBar(IAnsiConsole console, RunProgress progress) => console
        .Progress()
        .AutoClear(true)
        .Columns(new ProgressBarColumn(), new PercentageColumn(), new StateColumn(progress))
        .Start(context =>
        {
            ProgressTask task = context.AddTask("images", maxValue: Math.Max(1, progress.Total));
            do
            {
                task.Value = progress.Done;
            }
            while (!_ended.Wait(BetweenFrames));
        });

    private sealed class StateColumn(RunProgress progress) : ProgressColumn
    {
        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) => new Text($"{progress}");
    }
}
