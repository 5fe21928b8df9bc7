using System.CommandLine;
using System.Globalization;
using LungSeg.Engine;
using LungSeg.Imaging;
using LungSeg.Models;

namespace LungSeg.Cli.Commands;

/// <summary><c>segment IMAGE…</c>: masks and overlays, one summary line for each picture.</summary>
internal static class SegmentCommand
{
    public static Command Create()
    {
        var images = new Argument<string[]>("IMAGE") { Description = "PNG, JPEG, BMP or TIFF pictures", Arity = ArgumentArity.OneOrMore };
        var directory = new Option<string>("--output", "-o")
        {
            Description = "The directory for NAME.mask.png and NAME.overlay.png; made if it is not there",
            HelpName = "DIR",
            DefaultValueFactory = _ => ".",
        };
        Option<string?> network = CommonOptions.Network();
        Option<string?> weights = CommonOptions.Weights("A weights file instead of the network's file in the weights folder");
        Option<string> device = CommonOptions.Device();
        Option<int> threads = CommonOptions.Threads();
        Option<double?> threshold = CommonOptions.Number("--threshold", "Lung is what is more probable than this; 0.5 if not given", 0, 1);
        Option<string> compat = CommonOptions.Choice(
            "--compat", "fixed: a mask on the picture's own pixels; upstream: the study's own steps bit for bit, 512 x 512 mask", "fixed", "fixed", "upstream");
        Option<int> size = CommonOptions.Whole("--size", "Height and width that the network sees; its own if not given", 1, 8192, 0);
        var probabilities = new Option<bool>("--probabilities") { Description = "Also write NAME.probabilities.png, grey with 16 bits" };

        var command = new Command("segment", "Find the lungs in X-rays.")
        {
            images, directory, network, weights, device, threads, threshold, compat, size, probabilities,
        };
        command.SetAction(parsed =>
        {
            string[] files = parsed.GetRequiredValue(images);
            string target = parsed.GetRequiredValue(directory);
            OutputDirectory.Check(target);
            CheckNames(files);
            using IBackend backend = CommonOptions.Open(parsed.GetRequiredValue(device), parsed.GetValue(threads));
            var options = new LungSegmenterOptions
            {
                Network = parsed.GetValue(network),
                WeightsFile = parsed.GetValue(weights),
                Backend = backend,
                Threshold = (float)(parsed.GetValue(threshold) ?? 0.5),
                Compat = parsed.GetValue(compat) == "upstream" ? Compat.Upstream : Compat.Fixed,
                NetworkSize = parsed.GetValue(size) is > 0 and int given ? given : null,
            };
            using LungSegmenter segmenter = LungSegmenter.Load(options);
            return Run(segmenter, files, target, parsed.GetValue(probabilities), parsed.InvocationConfiguration);
        });
        return command;
    }

    private static int Run(LungSegmenter segmenter, string[] files, string target, bool probabilities, InvocationConfiguration streams)
    {
        int failed = 0;
        foreach (string file in files)
        {
            try
            {
                LungSegmentation result = segmenter.Segment(file);
                OutputDirectory.Create(target);
                string stem = Path.Combine(target, Path.GetFileNameWithoutExtension(file));
                Radiograph picture = Under(result);
                ImageWriter.WritePng($"{stem}.overlay.png", picture.Width, picture.Height, 3, Overlay.Draw(picture, result.Mask));
                if (probabilities) ImageWriter.WritePng($"{stem}.probabilities.png", result.Probabilities.ToPicture());
                ImageWriter.WritePng($"{stem}.mask.png", result.Mask);
                streams.Output.WriteLine(Summary(segmenter, file, result, stem));
            }
            catch (Exception e) when (CommandLine.IsInput(e))
            {
                failed++;
                CommandLine.Tell(streams.Error, e.Message);
            }
        }
        return ExitCode.Of(failed, files.Length);
    }

    private static string Summary(LungSegmenter segmenter, string file, LungSegmentation result, string stem)
    {
        (TimeSpan read, TimeSpan preprocess, TimeSpan network, TimeSpan postprocess) = result.Times;
        string lungs = result.Mask.Area == 0 ? "no lung found" : $"lung {Units.Percent(result.LungShare)} of the mask";
        return string.Create(CultureInfo.InvariantCulture,
            $"{file}: {result.Picture.Width} x {result.Picture.Height}, {segmenter.Network.Name} at {segmenter.NetworkSize} x {segmenter.NetworkSize} "
            + $"on {segmenter.Device}; read {Units.Milliseconds(read)}, preprocess {Units.Milliseconds(preprocess)}, "
            + $"network {Units.Milliseconds(network)}, postprocess {Units.Milliseconds(postprocess)} ms; {lungs}; wrote {stem}.mask.png, {stem}.overlay.png");
    }

    // The study's masks are 512 x 512 whatever the picture, so its overlay lies on the picture resized to that.
    private static Radiograph Under(LungSegmentation result)
    {
        (Radiograph picture, LungMask mask) = (result.Picture, result.Mask);
        if (picture.Width == mask.Width && picture.Height == mask.Height) return picture;
        byte[] grey = OpenCvResize.Linear(picture.ToGrey8(), picture.Width, picture.Height, 1, mask.Width, mask.Height);
        return new Radiograph(mask.Width, mask.Height, 1, 8, Array.ConvertAll(grey, g => (ushort)g))
        {
            PatientLeftIsOnTheRight = picture.PatientLeftIsOnTheRight,
        };
    }

    private static void CheckNames(string[] files)
    {
        string? twice = files.GroupBy(Path.GetFileNameWithoutExtension).FirstOrDefault(group => group.Count() > 1)?.Key;
        if (twice is not null)
            throw new UsageException($"two pictures are named '{twice}', and one's mask would replace the other's: segment them in two runs with different -o");
    }
}
