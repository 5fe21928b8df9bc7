using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using LungSeg.Cli.Inputs;
using LungSeg.Engine;
using LungSeg.Imaging;
using LungSeg.Imaging.Classes;
using LungSeg.Imaging.Outputs;
using LungSeg.IO;
using LungSeg.Models;

namespace LungSeg.Cli.Runs;

/// <summary>A run of <c>segment</c> with a network of several classes: label maps instead of lungs.</summary>
internal static class ClassRun
{
    /// <summary>Runs, and returns the program's exit code.</summary>
    public static int Execute(
        SegmentRequest request, IReadOnlyList<Input> inputs, IReadOnlyList<ImageClass>? classes, InvocationConfiguration streams)
    {
        if (request.NeedsJournal)
            throw new UsageException("--resume, --shard, --report and the format dataset are for lungs, not for several classes");
        (string Extension, Action<Stream, ClassMap> Write)[] formats = Formats(request);
        int threads = request.Threads > 0 ? request.Threads : Environment.ProcessorCount;
        if (request.Memory > 0) MemoryCeiling.Hold(request.Memory, request.Device, new Division(1, 1, threads), request.Segmenter);
        using IBackend backend = DeviceChoices.Open(request.Device, request.Precision, threads, streams.Error);
        using var segmenter = ClassSegmenter.Load(request.Segmenter with { Backend = backend }, classes);
        OutputDirectory.Create(request.Directory);
        int failed = 0;
        foreach (Input input in inputs)
        {
            try
            {
                if (input.Fault is { } fault) throw new UsageException(fault);
                ClassMap map = segmenter.Segment(ImageReader.Read(input.Path, request.Dicom));
                string stem = Path.Combine(request.Directory, input.Stem);
                OutputDirectory.Create(Path.GetDirectoryName(Path.GetFullPath(stem))!);
                AtomicFile.Write([.. formats.Select(format =>
                    (stem + format.Extension, (Action<Stream>)(stream => format.Write(stream, map))))]);
                if (!request.Quiet) Tell(streams.Output, input, map, segmenter.Network, request.Json);
            }
            catch (Exception e) when (CommandLine.IsInput(e))
            {
                failed++;
                CommandLine.Tell(streams.Error, e);
            }
        }
        return ExitCode.Of(failed, inputs.Count);
    }

    /// <summary>
    /// Reads names and colours, <c>heart:#ff0000,left lung</c>; of those without a colour each has its own. Throws
    /// <see cref="UsageException"/> for anything else.
    /// </summary>
    public static IReadOnlyList<ImageClass> Parse(string text) =>
        [.. text.Split(',', StringSplitOptions.TrimEntries).Select(ParseOne)];

    private static ImageClass ParseOne(string text, int index)
    {
        string[] parts = text.Split(":#", 2);
        if (parts[0].Length == 0) throw new UsageException($"--classes: a name expected, '{text}' found");
        if (parts.Length == 1) return ImageClass.Of(parts[0], index);
        if (parts[1].Length != 6 || !int.TryParse(parts[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int rgb))
            throw new UsageException($"--classes: NAME or NAME:#RRGGBB expected, '{text}' found");
        return new ImageClass(parts[0], (byte)(rgb >> 16), (byte)(rgb >> 8), (byte)rgb);
    }

    private static (string Extension, Action<Stream, ClassMap> Write)[] Formats(SegmentRequest request)
    {
        try
        {
            return [.. request.Writers.Select(writer => ClassFiles.Of(writer.Name, request.Results.Options))];
        }
        catch (ArgumentException e)
        {
            throw new UsageException($"--format: {e.Message}");
        }
    }

    private static void Tell(TextWriter output, Input input, ClassMap map, Architecture network, bool asJson)
    {
        if (asJson)
        {
            using var bytes = new MemoryStream();
            using (var json = new Utf8JsonWriter(bytes, Json.OneLine))
            {
                json.WriteStartObject();
                json.WriteString("file", input.Path);
                JsonFacts.WriteMethod(json, map.Method);
                ClassFiles.WriteClasses(json, map);
                json.WriteEndObject();
            }
            output.WriteLine(Encoding.UTF8.GetString(bytes.ToArray()));
            return;
        }
        IEnumerable<string> shares = map.Classes.Select((known, i) =>
            $"{known.Name} {Units.Percent((double)(map.Extent(i + 1)?.Area ?? 0) / map.Labels.Length)}");
        int size = map.Method.NetworkSize;
        string by = $"{network.Name} at {size} x {size}{ResultLines.Preparation(network)}";
        output.WriteLine(Printable.Of(
            $"{input.Path}: {map.Image.Width} x {map.Image.Height}, {by}; {string.Join(", ", shares)} of the image"));
    }
}
