using System.CommandLine;
using LungSeg.Cli.Evaluation;
using LungSeg.Cli.Inputs;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Imaging;
using LungSeg.IO;
using LungSeg.Models;
using LungSeg.Models.Calibration;

namespace LungSeg.Cli.Commands;

/// <summary><c>quantize NETWORK</c>: a network's weights in int8.</summary>
internal static class QuantizeCommand
{
    private const int HeldOutShare = 5, LeastImages = 10, MostDrawn = 300;

    private static readonly Example[] Examples =
    [
        new("lungseg quantize pan --images radiographs", "quantise PAN with the images of a folder, of which every fifth is held out"),
        new("lungseg quantize pan --drawn 32 --held-out radiographs", "calibrate with drawn X-rays, and measure on real ones"),
    ];

    private static readonly string[] Notes =
    [
        "30 to 300 images of the kind that the network will see are enough; they need no masks. Weights become 7-bit integers with a "
            + "scale for each output channel, values between layers bytes whose range is chosen by least squared error. Biases are "
            + "corrected, and layers that move the mask stay in fp32: docs/int8.md.",
        "Masks of the quantised network are compared with the fp32 network's on images held out. They must agree 0.995 or more (Dice) "
            + "in the mean; where images have masks beside them, mean Dice may change by 0.001 and each image's by 0.005. Otherwise "
            + "nothing "
            + "is written, unless --force is given.",
    ];

    public static Command Create()
    {
        var network = new Argument<string?>("NETWORK")
        {
            Description = $"One of {string.Join(", ", CommonOptions.NetworkKeys)}; default: what the weights are of, or "
                + NetworkWeights.DefaultNetwork,
            Arity = ArgumentArity.ZeroOrOne,
            CompletionSources = { CommonOptions.NetworkKeys },
        };
        var images = new Option<string?>("--images") { Description = "Folder of images to calibrate with", HelpName = "DIR" };
        Option<int> drawn = CommonOptions.Whole("--drawn", "Calibrate with N drawn X-rays, too; default: none", 1, MostDrawn, 0);
        var heldOut = new Option<string?>("--held-out")
        {
            Description = "Folder of images to measure with; default: every fifth image of --images",
            HelpName = "DIR",
        };
        Option<string?> weights = CommonOptions.Weights("Weights file to use instead of the network's file in the weights folder");
        var output = new Option<string?>("--output", "-o")
        {
            Description = "File to write; default: KEY.int8.safetensors in the current directory",
            HelpName = "FILE",
        };
        var force = new Option<bool>("--force") { Description = "Replace an existing file; write a network that misses the bound" };
        Option<int> threads = CommonOptions.Whole(
            "--threads", "Number of CPU threads; default: one for each processor", 1, CpuBackend.MaxThreads, 0);
        var command = new CliCommand("quantize", "Make int8 weights of a network, from images without masks.", Examples, Notes)
        {
            network, images, drawn, heldOut, weights, output, force, threads,
        };
        command.SetAction(parsed => Run(
            parsed, Open(parsed.GetValue(network), parsed.GetValue(weights)),
            Images(parsed.GetValue(images), parsed.GetValue(drawn), parsed.GetValue(heldOut), parsed.InvocationConfiguration.Error),
            parsed.GetValue(output), parsed.GetValue(force), parsed.GetValue(threads)));
        return command;
    }

    private static NetworkWeights Open(string? network, string? file)
    {
        NetworkWeights weights = NetworkWeights.Open(network, file);
        return NetworkQuantization.Of(weights.StateDict) is null ? weights
            : throw new UsageException($"'{weights.File}' is quantised already: give the weights in floating point with --weights");
    }

    private static int Run(
        ParseResult parsed, NetworkWeights weights, (List<CalibrationImage> Calibration, List<CalibrationImage> HeldOut) images,
        string? file, bool force, int threads)
    {
        string target = file ?? $"{weights.Network.Key}.int8.safetensors";
        if (Directory.Exists(target)) throw new UsageException($"'{target}' is a directory: name a file with -o");
        if (File.Exists(target) && !force)
            throw new UsageException($"'{target}' is there already: name another file with -o, or add --force");
        TextWriter output = parsed.InvocationConfiguration.Output, error = parsed.InvocationConfiguration.Error;
        using var backend = new CpuBackend(threads);
        QuantizedNetwork done = NetworkQuantizer.Run(
            weights, images.Calibration, images.HeldOut, backend, line => CommandLine.Tell(error, line));
        Report(done, output);
        if (done.Agreement.Fault is { } fault && !force)
        {
            CommandLine.Tell(error, $"not written: {fault} (--force writes it)");
            return ExitCode.CheckFailed;
        }
        done.Write(target);
        output.WriteLine($"wrote       {target}, {Units.MebiBytes(new FileInfo(target).Length)} MiB");
        return done.Agreement.Fault is null ? ExitCode.Done : ExitCode.CheckFailed;
    }

    private static (List<CalibrationImage> Calibration, List<CalibrationImage> HeldOut) Images(
        string? folder, int drawn, string? heldOutFolder, TextWriter error)
    {
        List<CalibrationImage> calibration = folder is null ? [] : Read(folder, error);
        List<CalibrationImage> heldOut = heldOutFolder is null ? [] : Read(heldOutFolder, error);
        if (heldOutFolder is null)
        {
            heldOut = [.. calibration.Where((_, i) => i % HeldOutShare == HeldOutShare - 1)];
            calibration.RemoveAll(heldOut.Contains);
        }
        calibration.AddRange(CalibrationImage.Draw(drawn, SyntheticSide));
        HashSet<string> known = [.. calibration.Select(image => image.Sha256)];
        if (heldOut.Find(image => known.Contains(image.Sha256)) is { } both)
            throw new UsageException($"'{both.Name}' is held out and an image to calibrate with: give each image once");
        if (calibration.Count < LeastImages || heldOut.Count == 0)
        {
            throw new UsageException($"expected {LeastImages} images or more to calibrate with, better 30 to 300, and one or more held "
                + $"out; found {calibration.Count} and {heldOut.Count}: give --images DIR, --drawn N, --held-out DIR");
        }
        return (calibration, heldOut);
    }

    private const int SyntheticSide = 512;

    // Masks beside the images, where there are any, are references.
    private static List<CalibrationImage> Read(string folder, TextWriter error)
    {
        if (!Directory.Exists(folder)) throw new UsageException($"the folder '{folder}' does not exist");
        InputCollection found = InputCollection.Of([folder], Directory.GetCurrentDirectory());
        foreach (string notice in found.Notices) CommandLine.Tell(error, notice);
        MaskFolder masks = MaskFolder.Of(folder, holdsImages: true);
        return [.. found.Inputs.Select(input =>
        {
            Radiograph image = ImageReader.Read(input.Path);
            string? mask = masks.Find(OutputNames.Short(input.Name));
            LungMask? reference = mask is null ? null
                : MaskReading.Reference(new EvaluationPair(input.Name, input.Path, [mask], null), image, union: false);
            return new CalibrationImage(input.Name, Sha256Of(input.Path), image, reference);
        })];
    }

    private static string Sha256Of(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return Sha256.TextOf(stream);
    }

    private static void Report(QuantizedNetwork done, TextWriter output)
    {
        MaskAgreement agreement = done.Agreement;
        output.WriteLine($"network     {done.Source.Network}");
        output.WriteLine($"images      {done.Calibration.Count} to calibrate with, {done.HeldOut.Count} held out");
        output.WriteLine($"equalised   {done.EqualisedPairs} pairs of layers");
        output.WriteLine($"layers      {done.Convolutions} convolutions in int8, {done.Table.Float.Count} left in fp32");
        foreach ((string layer, string reason) in done.Table.Float) output.WriteLine($"fp32        {layer}: {reason}");
        output.WriteLine($"agreement   mean {Units.Fixed(agreement.Mean, 4)}, least {Units.Fixed(agreement.Least, 4)}");
        if (agreement.Dice is { } dice)
        {
            output.WriteLine($"Dice        {Units.Fixed(dice.Float, 4)} in fp32, {Units.Fixed(dice.Int8, 4)} in int8; "
                + $"largest change of an image {Units.Fixed(agreement.LargestChange, 4)}");
        }
    }
}
