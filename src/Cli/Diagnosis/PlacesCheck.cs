namespace LungSeg.Cli.Diagnosis;

/// <summary>Whether files can be written where commands write them.</summary>
internal static class PlacesCheck
{
    public static IEnumerable<Finding> Find() =>
    [
        Writable("output", Environment.CurrentDirectory, "run lungseg in a directory of yours, or name one with -o"),
        Writable("temporary", Path.GetTempPath(), "let TMPDIR (TEMP on Windows) name a directory of yours"),
    ];

    private static Finding Writable(string subject, string directory, string advice)
    {
        try
        {
            OutputDirectory.Probe(directory);
            return Finding.Good(subject, $"{directory} can be written, {Units.Memory(new DriveInfo(Path.GetFullPath(directory)).AvailableFreeSpace)} free");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return Finding.Problem(subject, $"{directory} cannot be written: {e.Message}", advice);
        }
    }
}
