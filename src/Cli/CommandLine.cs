using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using LungSeg.Cli.Commands;
using LungSeg.Engine;
using LungSeg.Imaging;

namespace LungSeg.Cli;

/// <summary>The program: parses the arguments, runs a command, and turns what goes wrong into one line and an exit code.</summary>
internal static class CommandLine
{
    private const string TraceVariable = "LUNGSEG_TRACE";

    public static int Run(string[] args, TextWriter output, TextWriter error)
    {
        try
        {
            ParseResult parsed = Root().Parse(args.Length == 0 ? ["--help"] : args);
            if (Fault(parsed) is { } fault)
            {
                Tell(error, $"{fault} (lungseg --help lists the commands, lungseg COMMAND --help their options)");
                return ExitCode.BadInput;
            }
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, Output = output, Error = error });
        }
        catch (Exception e) when (IsInput(e))
        {
            Tell(error, e.Message);
            return ExitCode.BadInput;
        }
        catch (OutOfMemoryException)
        {
            Tell(error, "not enough memory; a smaller picture, a smaller --size or a smaller --batch needs less");
            return ExitCode.BadInput;
        }
        catch (Exception e)
        {
            Tell(error, $"internal error: {e.GetType().Name}: {e.Message}; please report it as an issue with this line, the command and "
                + $"'lungseg --version' ({TraceVariable}=1 shows where it happened)");
            if (Environment.GetEnvironmentVariable(TraceVariable) is { Length: > 0 }) error.WriteLine(e);
            return ExitCode.InternalError;
        }
    }

    /// <summary>Whether an exception's message is meant for the user.</summary>
    public static bool IsInput(Exception e) => e is EngineException or ImageException or UsageException;

    /// <summary>Writes one line that begins with the program's name.</summary>
    public static void Tell(TextWriter error, string message) => error.WriteLine($"lungseg: {message.ReplaceLineEndings(" ")}");

    private static string? Fault(ParseResult parsed)
    {
        if (parsed.Errors.Count > 0 && parsed.Action is ParseErrorAction) return parsed.Errors[0].Message;
        // The parser takes an unknown option for one more file.
        Token? option = parsed.Tokens
            .TakeWhile(token => token.Type != TokenType.DoubleDash)
            .FirstOrDefault(token => token.Type == TokenType.Argument && token.Value is ['-', not (>= '0' and <= '9' or '.'), ..]);
        return option is null ? null : $"unknown option '{option.Value}'";
    }

    private static RootCommand Root() => new("Finds the lungs in chest X-rays with nine published networks. For research, not a medical device.")
    {
        SegmentCommand.Create(),
        InfoCommand.Create(),
        VerifyCommand.Create(),
        CompareCommand.Create(),
        ConvertCommand.Create(),
        WeightsCommand.Create(),
        BenchCommand.Create(),
    };
}
