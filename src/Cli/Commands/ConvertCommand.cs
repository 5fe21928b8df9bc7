using System.CommandLine;
using LungSeg.Engine.Weights;
using LungSeg.Models;

namespace LungSeg.Cli.Commands;

/// <summary><c>convert CHECKPOINT</c>: a PyTorch checkpoint as safetensors.</summary>
internal static class ConvertCommand
{
    private static readonly Example[] Examples =
    [
        new("lungseg convert weights.pth -o deeplabv3plus.safetensors", "convert a PyTorch checkpoint"),
        new("lungseg convert DeepLabV3plus.zip --dtype fp16", "convert the downloaded archive, to half the size"),
    ];

    private const string Note = "Code in a checkpoint is never run. The network is recognised by the names and shapes of its weights. "
        + "`convert` reports whether the SHA-256 matches a file of the study.";

    public static Command Create()
    {
        var checkpoint = new Argument<string>("CHECKPOINT")
        {
            Description = "PyTorch .pth file (zip or legacy format), zip archive that contains one, or safetensors file",
        };
        var output = new Option<string?>("--output", "-o")
        {
            Description = "File to write; default: KEY.safetensors in the current directory",
            HelpName = "FILE",
        };
        Option<string?> network = CommonOptions.Network();
        Option<string> dtype = CommonOptions.Choice("--dtype", "Element type in the file", "fp32", "fp32", "fp16", "bf16");
        var any = new Option<bool>("--any") { Description = "Convert the weights of any network, with unchanged keys" };
        var force = new Option<bool>("--force") { Description = "Replace an existing file" };

        var command = new CliCommand("convert", "Convert a PyTorch checkpoint to safetensors, without PyTorch.", Examples, Note)
        {
            checkpoint, output, network, dtype, any, force,
        };
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
