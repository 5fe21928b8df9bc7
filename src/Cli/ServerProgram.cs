using System.Diagnostics;
using System.Runtime.InteropServices;

namespace LungSeg.Cli;

/// <summary>The service's program, <c>lungseg-server</c>: found beside this one or on the path, and run in this one's place.</summary>
internal static partial class ServerProgram
{
    private const string Name = "lungseg-server";

    /// <summary>Runs it with the arguments; returns only where it ends under another process or cannot be run.</summary>
    public static int Start(IReadOnlyList<string> arguments)
    {
        string program = Find() ?? throw new UsageException(
            $"the service's program {Name} is neither in {AppContext.BaseDirectory} nor on the path: 'dotnet publish -c Release "
            + "src/Server' makes it");
        if (!OperatingSystem.IsWindows())
        {
            // In this process, so that signals reach it and nobody waits for nothing.
            Execute(program, [program, .. arguments, null]);
            throw new UsageException($"'{program}' cannot be run: {Marshal.GetLastPInvokeErrorMessage()}");
        }
        using Process process = Process.Start(new ProcessStartInfo(program, arguments))!;
        process.WaitForExit();
        return process.ExitCode;
    }

    private static string? Find()
    {
        string file = OperatingSystem.IsWindows() ? $"{Name}.exe" : Name;
        IEnumerable<string> folders =
            (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return folders.Prepend(AppContext.BaseDirectory).Select(folder => Path.Combine(folder, file)).FirstOrDefault(File.Exists);
    }

    [LibraryImport("libc", EntryPoint = "execv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Execute(string path, string?[] arguments);
}
