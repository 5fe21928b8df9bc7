using System.CommandLine;
using System.Globalization;
using LungSeg.Engine;
using LungSeg.Imaging;
using LungSeg.Imaging.Dicom;
using LungSeg.Imaging.Outputs;
using LungSeg.Imaging.Quality;
using LungSeg.Models;

namespace LungSeg.Cli.Commands;

/// <summary><c>segment IMAGE…</c>: masks and overlays, one summary line for each picture.</summary>
internal static class SegmentCommand
{
    public static Command Create()
    {
        var images = new Argument<string[]>("IMAGE") { Description = "DICOM, PNG, JPEG, BMP or TIFF pictures", Arity = ArgumentArity.OneOrMore };
        var directory = new Option<string>("--output", "-o")
        {
            Description = "The directory for the results, NAME.mask.png and the like; made if it is not there",
            HelpName = "DIR",
            DefaultValueFactory = _ => ".",
        };
        Option<string?> network = CommonOptions.Network();
        Option<string?> weights = CommonOptions.Weights("A weights file instead of the network's file in the weights folder");
        Option<string> device = CommonOptions.Device();
        Option<int> threads = CommonOptions.Threads();
        Option<double?> threshold = CommonOptions.Number("--threshold", "Lung is what is more probable than this; 0.5 if not given", 0, 1);
        Option<string> compat = CommonOptions.Compatibility();
        Option<int> size = CommonOptions.Whole("--size", "Height and width that the network sees; its own if not given", 1, 8192, 0);
        Option<IReadOnlyList<IResultWriter>?> format = CommonOptions.Formats();

        var command = new Command("segment", "Find the lungs in X-rays.")
        {
            images, directory, network, weights, device, threads, threshold, compat, size, format,
        };
        var dicom = new DicomChoices();
        dicom.AddTo(command);
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
            return Run(segmenter, files, dicom.Read(parsed), target, parsed.GetValue(format) ?? ResultFormats.Parse(ResultFormats.Default), parsed.InvocationConfiguration);
        });
        return command;
    }

    private static int Run(
        LungSegmenter segmenter, string[] files, DicomOptions dicom, string target, IReadOnlyList<IResultWriter> writers, InvocationConfiguration streams)
    {
        int failed = 0;
        foreach (string file in files)
        {
            try
            {
                LungSegmentation result = segmenter.Segment(file, dicom);
                OutputDirectory.Create(target);
                string stem = Path.Combine(target, Path.GetFileNameWithoutExtension(file));
                IReadOnlyList<string> written = ResultFiles.Write(stem, result, writers);
                streams.Output.WriteLine(Summary(segmenter, file, result, written));
                foreach (QualityFlag flag in result.Flags)
                    streams.Output.WriteLine($"  {flag.Name}: {flag}");
                foreach (Decision decision in result.Picture.Decisions)
                    streams.Output.WriteLine($"  {decision}");
            }
            catch (Exception e) when (CommandLine.IsInput(e))
            {
                failed++;
                CommandLine.Tell(streams.Error, e);
            }
        }
        return ExitCode.Of(failed, files.Length);
    }

    private static string Summary(LungSegmenter segmenter, string file, LungSegmentation result, IReadOnlyList<string> written)
    {
        (TimeSpan read, TimeSpan preprocess, TimeSpan network, TimeSpan postprocess) = result.Times;
        string lungs = result.Mask.Area == 0 ? "no lung found" : $"lung {Units.Percent(result.LungShare)} of the mask";
        return string.Create(CultureInfo.InvariantCulture,
            $"{file}: {result.Picture.Width} x {result.Picture.Height}, {segmenter.Network.Name} at {segmenter.NetworkSize} x {segmenter.NetworkSize} "
            + $"on {segmenter.Device}; read {Units.Milliseconds(read)}, preprocess {Units.Milliseconds(preprocess)}, "
            + $"network {Units.Milliseconds(network)}, postprocess {Units.Milliseconds(postprocess)} ms; {lungs}; wrote {string.Join(", ", written)}");
    }

    private static void CheckNames(string[] files)
    {
        string? twice = files.GroupBy(Path.GetFileNameWithoutExtension).FirstOrDefault(group => group.Count() > 1)?.Key;
        if (twice is not null)
            throw new UsageException($"two pictures are named '{twice}', and one's mask would replace the other's: segment them in two runs with different -o");
    }
}
