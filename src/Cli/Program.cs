using LungSeg.Cli;

return CommandLine.Run(args);
