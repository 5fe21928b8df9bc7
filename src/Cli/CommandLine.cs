using System.CommandLine;
using LungSeg.IO;

namespace LungSeg.Cli;

/// <summary>Parses the arguments, runs a command, and turns an error into one line and an exit code.</summary>
internal static class CommandLine
{
    /// <summary>How arguments are parsed: "@list" names a list of images, not a file with more arguments.</summary>
    public static ParserConfiguration Parsing { get; } = new() { ResponseFileTokenReplacer = null };

    /// <summary>Runs with the process's own streams, which the caller of the process may have closed.</summary>
    public static int Run(string[] args, Func<string[], RootCommand> root)
    {
        TextWriter error = TextWriter.Null;
        try
        {
            error = Console.Error;
            return Run(args, root, Console.Out, error);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Tell(error, OutputFault(e));
            return ExitCode.BadInput;
        }
    }

    /// <summary>
    /// Runs one of the commands that <paramref name="root"/> makes for the arguments, and returns the program's exit code.
    /// </summary>
    public static int Run(string[] args, Func<string[], RootCommand> root, TextWriter output, TextWriter error)
    {
        try
        {
            ParseResult parsed = root(args).Parse(args.Length == 0 ? ["--help"] : args, Parsing);
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
        catch (Exception e) when (NoMemory.Is(e))
        {
            Tell(error, "not enough memory: use a smaller image, --size or --batch");
            return ExitCode.BadInput;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Errors of files that the program opens name the file. This one is of the standard output: closed, or its disk is full.
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

    /// <summary>
    /// An error in words for the user, with the options that help; for a missing file, with the most similar name that exists.
    /// </summary>
    public static string Message(Exception e) =>
        $"{e.Message}{Advice.For(e)}{(e.InnerException is FileNotFoundException { FileName: { } path } ? Suggestion.ForFile(path) : "")}";

    /// <summary>An error in the program itself, and how to report it.</summary>
    public static string InternalError(Exception e) => $"internal error: {e.GetType().Name}: {e.Message}; please report it as an issue "
        + $"with this line, the command and 'lungseg --version' ({Settings.Trace}=1 shows where it happened)";

    /// <summary>Writes an error as one line.</summary>
    public static void Tell(TextWriter error, Exception e) => Tell(error, Message(e));

    /// <summary>Writes one line that begins with the program's name; does nothing where the error stream is closed or full.</summary>
    public static void Tell(TextWriter error, string message)
    {
        try
        {
            error.WriteLine($"lungseg: {Printable.Of(message)}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The exit code still reports the error.
        }
    }

    private static string OutputFault(Exception e) =>
        "the output cannot be written: " + (DiskFull.Is(e) ? "no space is left on the disk"
            : IsClosed(e) ? "the standard output is closed"
            : e.GetBaseException().Message);

    private static bool IsClosed(Exception e)
    {
        const int BadDescriptor = 9;
        return !OperatingSystem.IsWindows() && e.GetBaseException() is IOException { HResult: BadDescriptor };
    }
}
