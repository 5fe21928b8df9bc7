using LungSeg.Cli.Commands;

namespace LungSeg.Cli;

/// <summary>The program.</summary>
internal static class Program
{
    private static int Main(string[] args) => CommandLine.Run(args, Root.Create);
}
