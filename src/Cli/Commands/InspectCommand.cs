using System.CommandLine;
using LungSeg.Cli.Information;
using LungSeg.Imaging;
using LungSeg.Imaging.Dicom;

namespace LungSeg.Cli.Commands;

/// <summary><c>inspect FILE…</c>: what is read from pictures and decided on the way, without segmenting them.</summary>
internal static class InspectCommand
{
    public static Command Create()
    {
        var files = new Argument<string[]>("FILE") { Description = "DICOM, PNG, JPEG, BMP or TIFF pictures", Arity = ArgumentArity.OneOrMore };
        var directory = new Option<string?>("--output", "-o") { Description = "Also write each picture as it was read, NAME.png, there", HelpName = "DIR" };
        Option<bool> json = CommonOptions.Json();
        var dicom = new DicomChoices();

        var command = new Command("inspect", "Show what is read from pictures: format, size, grey scale, spacing, orientation, every choice, and why one is refused.")
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
            InvocationConfiguration streams = parsed.InvocationConfiguration;
            PictureCard[] cards = [.. paths.Select(path => PictureCard.Of(path, options))];
            if (parsed.GetValue(json)) WriteJson(streams.Output, cards);
            foreach (PictureCard card in cards)
            {
                if (!parsed.GetValue(json)) card.Write(streams.Output);
                if (card.Refusal is not null) CommandLine.Tell(streams.Error, card.Refusal);
                else if (target is not null) Save(card.Picture!, target, card.File);
            }
            return ExitCode.Of(cards.Count(card => card.Refusal is not null), cards.Length);
        });
        return command;
    }

    private static void Save(Radiograph picture, string target, string file)
    {
        OutputDirectory.Create(target);
        ImageWriter.WritePng(Path.Combine(target, $"{Path.GetFileNameWithoutExtension(file)}.png"), picture);
    }

    private static void WriteJson(TextWriter output, PictureCard[] cards) => Json.Write(output, json =>
    {
        json.WriteStartArray();
        foreach (PictureCard card in cards) card.WriteJson(json);
        json.WriteEndArray();
    });
}
