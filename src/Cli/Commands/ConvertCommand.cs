using System.CommandLine;
using LungSeg.Engine.Weights;
using LungSeg.Models;

namespace LungSeg.Cli.Commands;

/// <summary><c>convert CHECKPOINT</c>: a PyTorch checkpoint as safetensors, its network recognised.</summary>
internal static class ConvertCommand
{
    public static Command Create()
    {
        var checkpoint = new Argument<string>("CHECKPOINT") { Description = "A PyTorch .pth (zip or legacy format), a zip archive with one in it, or safetensors" };
        var output = new Option<string?>("--output", "-o") { Description = "The file to write; KEY.safetensors in this directory if not given", HelpName = "FILE" };
        Option<string?> network = CommonOptions.Network();
        Option<string> dtype = CommonOptions.Choice("--dtype", "The element type on disk", "fp32", "fp32", "fp16", "bf16");
        var any = new Option<bool>("--any") { Description = "Convert weights of any other network too, keys as they are" };
        var force = new Option<bool>("--force") { Description = "Replace a file that is there already" };

        var command = new Command("convert", "Convert a PyTorch checkpoint to safetensors, without PyTorch.") { checkpoint, output, network, dtype, any, force };
        command.SetAction(parsed =>
        {
            string type = parsed.GetRequiredValue(dtype);
            Conversion done = CheckpointConversion.Run(parsed.GetRequiredValue(checkpoint), parsed.GetValue(output), new ConversionOptions
            {
                Network = parsed.GetValue(network),
                DType = type switch { "fp16" => DType.Float16, "bf16" => DType.BFloat16, _ => DType.Float32 },
                Any = parsed.GetValue(any),
                Overwrite = parsed.GetValue(force),
            });
            Report(done, type, parsed.InvocationConfiguration.Output);
            return ExitCode.Done;
        });
        return command;
    }

    private static void Report(Conversion done, string type, TextWriter output)
    {
        output.WriteLine($"read      {done.Source.Format}, {done.Source.Count} tensors, sha256 {done.Sha256}");
        output.WriteLine(done.Network is { } network ? $"network   {network}" : "network   none of the nine (--any)");
        output.WriteLine(done.StudyFile is { } study
            ? $"origin    the study's own file of {study.Name}"
            : "origin    not one of the study's files");
        if (type != "fp32")
        {
            output.WriteLine(done.Rounding.LargestErrorKey is { } key
                ? $"rounding  to {type}: largest error {Units.Error(done.Rounding.LargestError)} in {key}; no overflow"
                : $"rounding  to {type}: exact");
        }
        output.WriteLine($"wrote     {done.File}, {Units.MebiBytes(new FileInfo(done.File).Length)} MiB");
    }
}
