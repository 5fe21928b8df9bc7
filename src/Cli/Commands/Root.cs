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

    /// <summary>All commands, of the program that starts the service.</summary>
    public static RootCommand Create() => Create(null);

    /// <summary>All commands; <paramref name="serve"/> runs the service, null where another program does.</summary>
    public static RootCommand Create(Func<ServeRequest, InvocationConfiguration, int>? serve)
    {
        var root = new RootCommand(
            "Segments the lungs in chest X-rays with nine published networks. For research use; not a medical device.")
        {
            SegmentCommand.Create(),
            ServeCommand.Create(serve),
            ScoreCommand.Create(),
            MergeCommand.Create(),
            ReportCommand.Create(),
            InspectCommand.Create(),
            InfoCommand.Create(),
            VerifyCommand.Create(),
            EvaluateCommand.Create(),
            CompareCommand.Create(),
            ConvertCommand.Create(),
            WeightsCommand.Create(),
            BenchCommand.Create(),
            ProfileCommand.Create(),
            SelfTestCommand.Create(),
            KernelsCommand.Create(),
            TuneCommand.Create(),
            DoctorCommand.Create(),
            CompletionCommand.Create(),
        };
        root.HelpName = "lungseg";
        root.Options.OfType<HelpOption>().Single().Action = new HelpText(new HelpAction(), Examples);
        root.Options.OfType<VersionOption>().Single().Action = new VersionText();
        root.Directives.Clear();
        root.Directives.Add(CompleteDirective.For(root));
        root.Directives.Add(CommandPage.For(root));
        return root;
    }
}
