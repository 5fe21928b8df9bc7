using System.Globalization;

namespace LungSeg.Server;

/// <summary>
/// What the service tells: a line for each event that somebody may have to act on, and one audit line for each image. Neither holds
/// anything about a patient, a file's name or an identifier that the sender gave: images are known by their item's identifier.
/// </summary>
internal sealed class Log(TextWriter events, TextWriter audit)
{
    private readonly Lock _oneAtATime = new();

    /// <summary>A log that nobody reads.</summary>
    public static Log None { get; } = new(TextWriter.Null, TextWriter.Null);

    public void Info(string text) => Write(events, "info", text);

    public void Warn(string text) => Write(events, "warning", text);

    public void Error(string text) => Write(events, "error", text);

    /// <summary>The line of an image, when all is done for it or nothing more will be.</summary>
    public void Audit(string text) => Write(audit, "audit", text);

    private void Write(TextWriter target, string kind, string text)
    {
        string line = string.Create(CultureInfo.InvariantCulture,
            $"{DateTime.UtcNow:yyyy-MM-dd'T'HH:mm:ss.fff'Z'} {kind} {Cli.Printable.Of(text)}");
        lock (_oneAtATime)
        {
            try
            {
                target.WriteLine(line);
                target.Flush();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
            {
                // A closed stream keeps no image from its results.
            }
        }
    }
}
