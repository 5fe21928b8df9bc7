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
            Description = "PyTorch .pth file (zip or legacy format), zip archive that contains one, safetensors file, or folder of "
                + "save_pretrained",
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
        var choices = new NetworkChoices();
        choices.AddTo(command);
        command.SetAction(parsed =>
        {
            string type = parsed.GetRequiredValue(dtype);
            Conversion done = CheckpointConversion.Run(parsed.GetRequiredValue(checkpoint), parsed.GetValue(output), new ConversionOptions
            {
                Network = parsed.GetValue(network),
                Options = choices.Options(parsed),
                Part = choices.Part(parsed),
                DType = type switch { "fp16" => DType.Float16, "bf16" => DType.BFloat16, _ => DType.Float32 },
                Any = parsed.GetValue(any),
                Overwrite = parsed.GetValue(force),
            });
            Report(done, type, parsed.InvocationConfiguration.Output);
            return ExitCode.Done;
        });
        return command;
    }

    private const int Shown = 8;

    private static void Report(Conversion done, string type, TextWriter output)
    {
        output.WriteLine($"read      {done.Source.Format}, {done.Source.Count} tensors, sha256 {done.Sha256}");
        output.WriteLine(done.Network is { } network ? $"network   {network}" : "network   none of the nine (--any)");
        if (done.Prefix.Length > 0) output.WriteLine($"part      {done.Prefix}");
        if (done.LeftOut.Count > 0)
        {
            string names = string.Join(", ", done.LeftOut.Take(Shown));
            output.WriteLine($"left out  {done.LeftOut.Count} tensors: {names}{(done.LeftOut.Count > Shown ? ", …" : "")}");
        }
        if (done.Network is { IsOfStudy: false } other)
        {
            output.WriteLine($"options   {NetworkOptionNames.ToText(other.Options)}");
            output.WriteLine($"open      names and shapes do not tell {string.Join(", ", other.OpenOptions)} (see --option)");
            output.WriteLine($"input     {other.InputSize} x {other.InputSize}, {other.Normalisation}");
            if (other.Assumptions.Count > 0)
                output.WriteLine($"warning   not in the checkpoint, assumed (see --option): {string.Join("; ", other.Assumptions)}");
        }
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
