using LungSeg.Cli;
using LungSeg.Cli.Commands;

return CommandLine.Run(args, Root.Create);
