using System.CommandLine;
using LungSeg.Cli.Information;
using LungSeg.Cli.Inputs;
using LungSeg.Imaging;
using LungSeg.Imaging.Dicom;

namespace LungSeg.Cli.Commands;

/// <summary><c>inspect FILE…</c>: what is read from images and decided on the way, without segmenting them.</summary>
internal static class InspectCommand
{
    public static Command Create()
    {
        var files = new Argument<string[]>("FILE") { Description = "DICOM, PNG, JPEG, JPEG 2000, BMP, TIFF or GIF images", Arity = ArgumentArity.OneOrMore };
        var directory = new Option<string?>("--output", "-o") { Description = "Also write each image as it was read, NAME.png, there; no file is replaced", HelpName = "DIR" };
        Option<bool> json = CommonOptions.Json();
        var dicom = new DicomChoices();

        var command = new Command("inspect", "Show what is read from images: format, size, grey scale, spacing, orientation, every choice, and why one is refused.")
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

            // One image after the other: many do not fit into memory.
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

    /// <summary>Where the images go; refuses names that are taken, perhaps by the images themselves.</summary>
    private static string[] Targets(string[] paths, string directory)
    {
        string[] targets = [.. OutputNames.Of([.. paths.Select(path => new Input(path, Path.GetFileName(path)))]).Select(stem => Path.Combine(directory, $"{stem}.png"))];
        return targets.FirstOrDefault(Path.Exists) is { } taken ? throw new UsageException($"'{taken}' is there already: choose another -o") : targets;
    }
}
