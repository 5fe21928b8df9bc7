using System.CommandLine;
using System.Text.Json;
using LungSeg.Cli.Inputs;
using LungSeg.Imaging;
using LungSeg.Imaging.Dicom;
using LungSeg.Imaging.Outputs;
using LungSeg.IO;

namespace LungSeg.Cli.Commands;

/// <summary><c>inspect FILE…</c>: shows how images are read, without segmenting them.</summary>
internal static class InspectCommand
{
    private static readonly Example[] Examples =
    [
        new("lungseg inspect chest.dcm", "show how a file is read: grey scale, inversion, spacing, orientation"),
        new("lungseg inspect chest.dcm --voi minmax -o out", "write the image as read with another grey scale"),
    ];

    public static Command Create()
    {
        var files = new Argument<string[]>("FILE")
        {
            Description = "DICOM, PNG, JPEG, JPEG 2000, BMP, TIFF or GIF images",
            Arity = ArgumentArity.OneOrMore,
        };
        var directory = new Option<string?>("--output", "-o")
        {
            Description = "Also write each image as read, NAME.png, into this directory; existing files are not replaced",
            HelpName = "DIR",
        };
        Option<bool> json = CommonOptions.Json();
        var dicom = new DicomChoices();

        var command = new CliCommand(
            "inspect", "Show how images are read: format, size, grey scale, spacing, orientation, every choice, or why one is refused.",
            Examples)
        {
            files, directory, json,
        };
        dicom.AddTo(command);
        command.SetAction(parsed =>
        {
            string[] paths = parsed.GetRequiredValue(files);
            string? target = parsed.GetValue(directory);
            if (target is not null) OutputDirectory.Check(target);
            DicomOptions options = dicom.Read(parsed);
            string[] targets = target is null ? [] : Targets(paths, target);
            InvocationConfiguration streams = parsed.InvocationConfiguration;
            int refused = 0;
            if (parsed.GetValue(json))
            {
                Json.Write(streams.Output, writer =>
                {
                    writer.WriteStartArray();
                    ForEach(card => card.WriteJson(writer));
                    writer.WriteEndArray();
                });
            }
            else
            {
                ForEach(card => card.Write(streams.Output));
            }
            return ExitCode.Of(refused, paths.Length);

            // One image at a time, to limit memory.
            void ForEach(Action<ImageCard> show)
            {
                for (int i = 0; i < paths.Length; i++)
                {
                    var card = ImageCard.Of(paths[i], options);
                    show(card);
                    if (card.Refusal is not null)
                    {
                        refused++;
                        CommandLine.Tell(streams.Error, card.Refusal);
                    }
                    else if (target is not null)
                    {
                        OutputDirectory.Create(target);
                        ImageWriter.WritePng(targets[i], card.Image!);
                    }
                }
            }
        });
        return command;
    }

    /// <summary>The paths of the images to write; refuses existing ones, which may be the images themselves.</summary>
    private static string[] Targets(string[] paths, string directory)
    {
        IReadOnlyList<string> stems = OutputNames.Of([.. paths.Select(path => new Input(path, Path.GetFileName(path)))]);
        string[] targets = [.. stems.Select(stem => Path.Combine(directory, $"{stem}.png"))];
        return targets.FirstOrDefault(Path.Exists) is { } taken
            ? throw new UsageException($"'{taken}' already exists: choose another -o")
            : targets;
    }
}

/// <summary>What was read from one file, or why it was refused and what had been decided before.</summary>
internal sealed record ImageCard(string File, Radiograph? Image, LungSegException? Refusal, IReadOnlyList<Decision> Decisions)
{
    private const int Label = 16;

    public static ImageCard Of(string path, DicomOptions options)
    {
        try
        {
            Radiograph image = ImageReader.Read(path, options);
            return new ImageCard(path, image, null, image.Decisions);
        }
        catch (LungSegException e)
        {
            return new ImageCard(path, null, e, e is ImageException { Decisions: var decisions } ? decisions : []);
        }
    }

    public void Write(TextWriter output)
    {
        if (Image is null && Decisions.Count == 0) return;
        output.WriteLine(Printable.Of(File));
        if (Image is { } image)
        {
            Line("format", image.Description);
            Line("size", $"{image.Width} x {image.Height} pixels, {(image.Channels == 1 ? "grey" : "colour")}, {image.BitDepth} bits");
            (int lowest, int median, int highest) = image.Range();
            Line("range", $"{lowest} to {highest}, median {median}, of 0 to {image.MaxValue}");
            if (image.Dicom is null)
            {
                Line("spacing", "none in the file: there are no lengths and areas in millimetres");
                Line("orientation", "not stated: the patient's left is assumed to be on the right of the image");
            }
        }
        foreach (Decision decision in Decisions)
            Line(decision.Topic, decision.IsWarning ? $"warning: {decision.Text}" : decision.Text);

        void Line(string label, string text) => output.WriteLine(Printable.Of($"  {label.PadRight(Label)} {text}"));
    }

    public void WriteJson(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("file", File);
        json.WriteString("refused", Refusal is null ? null : CommandLine.Message(Refusal));
        if (Image is { } image)
        {
            JsonImage.Write(json, image);
            (int lowest, int median, int highest) = image.Range();
            json.WriteStartObject("range");
            json.WriteNumber("lowest", lowest);
            json.WriteNumber("median", median);
            json.WriteNumber("highest", highest);
            json.WriteNumber("of", image.MaxValue);
            json.WriteEndObject();
        }
        else
        {
            JsonImage.WriteDecisions(json, Decisions);
        }
        json.WriteEndObject();
    }
}
