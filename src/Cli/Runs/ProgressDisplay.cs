using Spectre.Console;
using Spectre.Console.Rendering;

namespace LungSeg.Cli.Runs;

/// <summary>Shows how far a run is: as a bar on a terminal, elsewhere as a line now and then.</summary>
internal static class ProgressDisplay
{
    private static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(10);

    /// <summary>Whether a writer is the terminal's error stream.</summary>
    public static bool IsTerminal(TextWriter error) => error == Console.Error && !Console.IsErrorRedirected;

    /// <summary>Works, and shows the progress meanwhile; <paramref name="work"/> gets a way to write a line that does not disturb it.</summary>
    public static void Show(TextWriter error, RunProgress progress, Action<Action<string>> work)
    {
        if (IsTerminal(error)) ShowBar(error, progress, work);
        else ShowLines(error, progress, work);
    }

    private static void ShowLines(TextWriter error, RunProgress progress, Action<Action<string>> work)
    {
        using var timer = new Timer(_ => error.WriteLine($"{progress}"), null, BetweenLines, BetweenLines);
        work(error.WriteLine);
    }

    private static void ShowBar(TextWriter error, RunProgress progress, Action<Action<string>> work)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(error) });
        console.Progress().AutoClear(true).Columns(new ProgressBarColumn(), new PercentageColumn(), new StateColumn(progress)).Start(context =>
        {
            ProgressTask task = context.AddTask("images", maxValue: Math.Max(1, progress.Total));
            using var timer = new Timer(_ => task.Value = progress.Done, null, TimeSpan.Zero, TimeSpan.FromMilliseconds(100));
            work(line => console.WriteLine(line));
        });
    }

    private sealed class StateColumn(RunProgress progress) : ProgressColumn
    {
        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) => new Text($"{progress}");
    }
}
