using System.Globalization;

namespace LungSeg.Server.Dicom;

/// <summary>A DICOM node that is called: its AE title, host and port, and whether by TLS.</summary>
internal sealed record Node(string AeTitle, string Host, int Port, bool Tls = false)
{
    private const int MaxTitle = 16;

    /// <summary>Reads AET@HOST:PORT, which <see cref="Fault"/> found right.</summary>
    public static Node Parse(string text, bool tls = false)
    {
        int at = text.IndexOf('@'), colon = text.LastIndexOf(':');
        return new Node(text[..at], text[(at + 1)..colon].Trim('[', ']'), int.Parse(text.AsSpan(colon + 1), CultureInfo.InvariantCulture),
            tls);
    }

    /// <summary>What is wrong with a text for a node; null where nothing is.</summary>
    public static string? Fault(string text)
    {
        int at = text.IndexOf('@'), colon = text.LastIndexOf(':');
        bool isNode = at > 0 && colon > at + 1
            && int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port)
            && port is > 0 and <= ushort.MaxValue;
        return !isNode ? $"expected a DICOM node as AET@HOST:PORT, found '{text}'" : TitleFault(text[..at]);
    }

    /// <summary>What is wrong with an AE title (PS3.5, 6.2); null where nothing is.</summary>
    public static string? TitleFault(string title) =>
        title.Length is 0 or > MaxTitle || title.Trim() != title || title.Any(c => c is < ' ' or > '~' or '\\')
            ? $"expected an AE title of 1 to {MaxTitle} characters without spaces around it, found '{title}'"
            : null;

    public override string ToString() => $"{AeTitle}@{Host}:{Port}";
}
