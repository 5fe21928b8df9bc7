using System.Globalization;
using BitMiracle.LibTiff.Classic;

namespace LungSeg.Imaging.Codecs;

/// <summary>Keeps LibTiff's errors and warnings off standard error: the first one of each thread becomes the exception's text.</summary>
internal sealed class TiffErrors : TiffErrorHandler
{
    private static readonly TiffErrors Handler = new();

    [ThreadStatic]
    private static string? _first;

    private TiffErrors()
    {
    }

    public static bool Any => _first is not null;

    public static string First => _first ?? "no details given";

    /// <summary>Forgets earlier messages and listens to new ones.</summary>
    public static void Listen()
    {
        _first = null;
        Tiff.SetErrorHandler(Handler);
    }

    public static ImageException ToException() => new($"the TIFF file is damaged or truncated: {First}");

    public override void ErrorHandler(Tiff tif, string method, string format, params object[] args) =>
        _first ??= string.Format(CultureInfo.InvariantCulture, format, args).ReplaceLineEndings(" ").TrimEnd('.');

    public override void WarningHandler(Tiff tif, string method, string format, params object[] args) =>
        ErrorHandler(tif, method, format, args);

    public override void ErrorHandlerExt(Tiff tif, object clientData, string method, string format, params object[] args)
    {
    }

    public override void WarningHandlerExt(Tiff tif, object clientData, string method, string format, params object[] args)
    {
    }
}
