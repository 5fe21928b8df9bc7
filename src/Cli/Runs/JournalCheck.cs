using LungSeg.Cli.Inputs;
using LungSeg.Imaging.Outputs;

namespace LungSeg.Cli.Runs;

/// <summary>
/// What a line of a journal must hold before anybody believes it, beyond its form: counts and numbers that can be, and names that stay in the
/// directory of the run.
/// </summary>
internal static class JournalCheck
{
    /// <summary>What is wrong; null if nothing is.</summary>
    public static string? FaultOf(JournalLine line) => line switch
    {
        { Session: { } session, Image: null, End: null } => FaultOf(session),
        { Session: null, Image: { } entry, End: null } => FaultOf(entry),
        { Session: null, Image: null, End: not null } => null,
        _ => "a line holds one of session, image and end",
    };

    /// <summary>Whether a name with '/' is of a place below a directory, wherever that is.</summary>
    public static bool IsRelative(string name) =>
        name.Length > 0 && !name.Contains('\0') && !Path.IsPathRooted(name)
        && (Path.DirectorySeparatorChar == '/' || !name.AsSpan().ContainsAny('\\', ':'))
        && !name.Split('/').Any(part => part is "" or "..");

    private static string? FaultOf(RunSession session)
    {
        if (!Shard.TryParse(session.Shard, out _)) return $"a shard such as 2/4 expected, '{session.Shard}' found";
        if (session.Images < 0 || session.AllImages < session.Images) return $"{session.Images} of {session.AllImages} images cannot be";
        return session.Settings.Concat(session.Conditions).FirstOrDefault(pair => pair.Value is null) is { Key: { } name } ? $"'{name}' is null" : null;
    }

    private static string? FaultOf(JournalEntry entry)
    {
        ImageRecord record = entry.Record;
        if (!IsRelative(record.File)) return $"'{record.File}' is no image's name: a relative path that stays below its folder was expected";
        if (entry.Bytes < 0 || record.Width < 0 || record.Height < 0) return "a size is negative";
        // What a line leaves out is null, whatever the type says.
        if (record is not { Flags: { }, Warnings: { }, Outputs: { } }) return "it lacks flags, warnings or outputs";
        if (record.Flags.Any(flag => flag is null) || record.Warnings.Any(warning => warning is null) || record.Outputs.Any(output => output is null)) return "an element is null";
        if (record.Outputs.FirstOrDefault(output => !IsOutput(output, record.File)) is { } other)
            return $"'{other.Name}' is no name of an output of '{record.File}' in the format '{other.Format}'";
        double[] numbers = [.. Numbers(record.Lungs), .. Numbers(record.Milliseconds)];
        if (!numbers.All(double.IsFinite)) return "a number is too large";
        if (entry.Masks is { } masks && !masks.All(mask => IsMask(mask, record))) return "its masks are damaged";
        return entry.Thumbnail is { } small && (small.Width < 1 || small.Height < 1 || small.Outlines.Values.Any(path => path is null)) ? "its preview is damaged" : null;
    }

    // An output's name follows from the image's: no journal can name another file.
    private static bool IsOutput(OutputFile output, string image) =>
        output.Bytes >= 0 && ResultFormats.All.FirstOrDefault(format => format.Name == output.Format) is { } format
        && (output.Name == image + format.Extension || output.Name == OutputNames.Short(image) + format.Extension);

    private static bool IsMask(EncodedLung? mask, ImageRecord image) =>
        mask is { Box: [>= 0, >= 0, >= 0, >= 0], Counts: { } counts, Area: >= 0 } && Enum.IsDefined(mask.Side) && image is { Width: not null, Height: not null }
        && !counts.AsSpan().ContainsAnyExceptInRange('0', 'o');

    private static IEnumerable<double> Numbers(LungFacts? lungs) =>
        lungs is null ? [] : [lungs.Share, lungs.AreaMm2 ?? 0, lungs.WidthRatio ?? 0, lungs.UncertainRatio];

    private static IEnumerable<double> Numbers(StepTimes? times) =>
        times is null ? [] : [times.Read, times.Preprocess, times.Network, times.Postprocess, times.Write];
}
