using System.CommandLine;
using System.CommandLine.Help;
using LungSeg.Cli.Help;

namespace LungSeg.Cli.Commands;

/// <summary>All commands of the program, with help, version and completion.</summary>
internal static class Root
{
    /// <summary>The examples of the program as a whole.</summary>
    public static IReadOnlyList<Example> Examples { get; } =
    [
        new("lungseg segment chest.png -o out", "segment the lungs in an image"),
        new("lungseg info", "list the nine networks and their weights"),
    ];

    /// <summary>The commands for a command line, of the program that starts the service.</summary>
    public static RootCommand Create(IReadOnlyList<string> args) => Create(args, null);

    /// <summary>
    /// The commands for a command line: the one that it names, since the others would only make the start longer, or else all.
    /// </summary>
    /// <param name="args">The arguments of the program; empty for all commands.</param>
    /// <param name="serve">Runs the service; null where another program does.</param>
    public static RootCommand Create(IReadOnlyList<string> args, Func<ServeRequest, InvocationConfiguration, int>? serve)
    {
        (string Name, Func<Command> Create)[] commands =
        [
            ("segment", () => SegmentCommand.Create()),
            ("serve", () => ServeCommand.Create(serve)),
            ("score", ScoreCommand.Create),
            ("merge", MergeCommand.Create),
            ("report", ReportCommand.Create),
            ("replay", () => ReplayCommand.Create(SegmentCommand.Create)),
            ("inspect", InspectCommand.Create),
            ("info", InfoCommand.Create),
            ("verify", VerifyCommand.Create),
            ("evaluate", EvaluateCommand.Create),
            ("compare", CompareCommand.Create),
            ("convert", ConvertCommand.Create),
            ("quantize", QuantizeCommand.Create),
            ("weights", WeightsCommand.Create),
            ("bench", BenchCommand.Create),
            ("profile", ProfileCommand.Create),
            ("selftest", SelfTestCommand.Create),
            ("kernels", KernelsCommand.Create),
            ("tune", TuneCommand.Create),
            ("doctor", DoctorCommand.Create),
            ("completion", CompletionCommand.Create),
        ];
        int named = args.Count == 0 ? -1 : Array.FindIndex(commands, command => command.Name == args[0]);
        var root = new RootCommand(
            "Segments the lungs in chest X-rays with nine published networks. For research use; not a medical device.");
        foreach ((_, Func<Command> create) in named < 0 ? commands : [commands[named]]) root.Subcommands.Add(create());
        root.HelpName = "lungseg";
        root.Options.OfType<HelpOption>().Single().Action = new HelpText(new HelpAction(), Examples);
        root.Options.OfType<VersionOption>().Single().Action = new VersionText();
        root.Directives.Clear();
        root.Directives.Add(CompleteDirective.For(root));
        root.Directives.Add(CommandPage.For(root));
        return root;
    }
}
