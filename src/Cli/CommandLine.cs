using System.CommandLine;
using System.CommandLine.Help;
using LungSeg.Cli.Commands;
using LungSeg.Cli.Completion;
using LungSeg.Cli.Help;
using LungSeg.IO;

namespace LungSeg.Cli;

/// <summary>The program: parses the arguments, runs a command, and turns what goes wrong into one line and an exit code.</summary>
internal static class CommandLine
{
    /// <summary>How arguments are parsed: "@list" names a list of images, not a file of more arguments.</summary>
    public static ParserConfiguration Parsing { get; } = new() { ResponseFileTokenReplacer = null };

    /// <summary>Runs with the process's own streams, which whoever started it may have closed.</summary>
    public static int Run(string[] args)
    {
        TextWriter error = TextWriter.Null;
        try
        {
            error = Console.Error;
            return Run(args, Console.Out, error);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Tell(error, OutputFault(e));
            return ExitCode.BadInput;
        }
    }

    public static int Run(string[] args, TextWriter output, TextWriter error)
    {
        try
        {
            ParseResult parsed = Root().Parse(args.Length == 0 ? ["--help"] : args, Parsing);
            if (UsageFault.Of(parsed) is { } fault)
            {
                Tell(error, fault);
                return ExitCode.BadInput;
            }
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, Output = output, Error = error });
        }
        catch (Exception e) when (IsInput(e))
        {
            Tell(error, e);
            return ExitCode.BadInput;
        }
        catch (OutOfMemoryException)
        {
            Tell(error, "not enough memory; a smaller image, a smaller --size or a smaller --batch needs less");
            return ExitCode.BadInput;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Whoever opens a file tells of it by its name: what comes here is the output, full or closed.
            Tell(error, OutputFault(e));
            return ExitCode.BadInput;
        }
        catch (Exception e)
        {
            Tell(error, InternalError(e));
            if (Settings.Value(Settings.Trace) is not null) error.WriteLine(e);
            return ExitCode.InternalError;
        }
    }

    /// <summary>Whether an exception's message is meant for the user.</summary>
    public static bool IsInput(Exception e) => e is LungSegException;

    /// <summary>What went wrong, for people, with the options that help; of a file that is not there, with the nearest name that is.</summary>
    public static string Message(Exception e) =>
        $"{e.Message}{Advice.For(e)}{(e.InnerException is FileNotFoundException { FileName: { } path } ? Suggestion.ForFile(path) : "")}";

    /// <summary>A fault of the program, and what to do about it.</summary>
    public static string InternalError(Exception e) => $"internal error: {e.GetType().Name}: {e.Message}; please report it as an issue with this "
        + $"line, the command and 'lungseg --version' ({Settings.Trace}=1 shows where it happened)";

    /// <summary>Writes one line of what went wrong.</summary>
    public static void Tell(TextWriter error, Exception e) => Tell(error, Message(e));

    /// <summary>Writes one line that begins with the program's name. Where the error stream is closed or full there is nobody to tell.</summary>
    public static void Tell(TextWriter error, string message)
    {
        try
        {
            error.WriteLine($"lungseg: {Printable.Of(message)}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The exit code still says that something is wrong.
        }
    }

    private static string OutputFault(Exception e) =>
        $"the output cannot be written: {(DiskFull.Is(e) ? "no space is left on the disk" : IsClosed(e) ? "the standard output is closed" : e.GetBaseException().Message)}";

    private static bool IsClosed(Exception e)
    {
        const int BadDescriptor = 9;
        return !OperatingSystem.IsWindows() && e.GetBaseException() is IOException { HResult: BadDescriptor };
    }

    /// <summary>All commands, with what they share: help, version and completion.</summary>
    public static RootCommand Root()
    {
        var root = new RootCommand("Finds the lungs in chest X-rays with nine published networks. For research, not a medical device.")
        {
            SegmentCommand.Create(),
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
        root.Options.OfType<HelpOption>().Single().Action = new HelpWithExamples(new HelpAction());
        root.Options.OfType<VersionOption>().Single().Action = new VersionText();
        root.Directives.Clear();
        root.Directives.Add(CompleteDirective.For(root));
        root.Directives.Add(CommandPage.For(root));
        return root;
    }
}
