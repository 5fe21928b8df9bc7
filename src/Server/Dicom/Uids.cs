using LungSeg.Imaging.Dicom;

namespace LungSeg.Server.Dicom;

/// <summary>Identifiers of DICOM networking (PS3.4, PS3.6), and what this node takes.</summary>
internal static class Uids
{
    public const string ApplicationContext = "1.2.840.10008.3.1.1.1";
    public const string Verification = "1.2.840.10008.1.1", Commitment = "1.2.840.10008.1.20.1",
        CommitmentInstance = "1.2.840.10008.1.20.1.1";
    public const string Implicit = "1.2.840.10008.1.2", Explicit = "1.2.840.10008.1.2.1";

    private const int MaxCharacters = 64;
    private const string Storage = "1.2.840.10008.5.1.4.1.1.";

    /// <summary>
    /// Storage classes that are taken: computed radiography, digital X-ray for presentation and processing, secondary capture.
    /// </summary>
    public static IReadOnlyList<string> StorageClasses { get; } =
        [Storage + "1", Storage + "1.1", Storage + "1.1.1", Storage + "7", Storage + "7.2", Storage + "7.3", Storage + "7.4"];

    /// <summary>The transfer syntaxes that the reader of images reads.</summary>
    public static IReadOnlyList<string> TransferSyntaxes { get; } =
    [
        Explicit, Implicit, .. new[] { "2", "1.99", "5", "4.50", "4.51", "4.57", "4.70", "4.80", "4.81", "4.90", "4.91" }.Select(end =>
            $"{Implicit}.{end}"),
    ];

    /// <summary>Whether a text is a UID as PS3.5, 9.1 has them: digits and periods, 64 at most.</summary>
    public static bool IsValid(string uid) =>
        uid is { Length: > 0 and <= MaxCharacters } && char.IsAsciiDigit(uid[0]) && char.IsAsciiDigit(uid[^1])
        && uid.All(c => char.IsAsciiDigit(c) || c == '.');

    /// <summary>Whether a data set in the syntax can be read, and its pixels.</summary>
    public static bool IsRead(string transferSyntax) => TransferSyntax.Of(transferSyntax).Coding != PixelCoding.Unsupported;
}
