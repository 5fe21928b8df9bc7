using LungSeg.Cli;
using LungSeg.Cli.Commands;
using LungSeg.Server;

// The same options, help and messages as `lungseg serve`, which starts this program.
return CommandLine.Run(args is ["--version"] ? args : ["serve", .. args], all => Root.Create(all, Service.Run));
