using LungSeg.Imaging;
using LungSeg.Imaging.Outputs;

namespace LungSeg.Cli.Inputs;

/// <summary>Which of the files in a folder are pictures to segment. Files that somebody names are taken as they are.</summary>
internal static class PictureFiles
{
    private static readonly string[] Extensions = [".png", ".jpg", ".jpeg", ".jpe", ".bmp", ".dib", ".tif", ".tiff", ".jp2", ".j2k", ".j2c", ".jpc", ".dcm", ".dicom", ".dic", ".ima"];

    /// <summary>The endings of what this program writes, and of masks as other programs name them.</summary>
    private static readonly string[] OutputEndings = [.. ResultFormats.All.Select(writer => writer.Extension), "_mask.png"];

    public enum Kind { Picture, Hidden, Output, Other }

    public static Kind Of(string path)
    {
        string name = Path.GetFileName(path);
        if (name.StartsWith('.')) return Kind.Hidden;
        if (OutputEndings.Any(ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase))) return Kind.Output;
        if (name.Equals("DICOMDIR", StringComparison.OrdinalIgnoreCase)) return Kind.Other;
        bool named = Extensions.Contains(Path.GetExtension(name), StringComparer.OrdinalIgnoreCase);
        return named || (!IsEmpty(path) && ImageReader.Recognizes(path)) ? Kind.Picture : Kind.Other;
    }

    /// <summary>
    /// Whether a file has no length. It may be a pipe, and a run over a folder would wait for ever for somebody to write into it; one that
    /// is named is read.
    /// </summary>
    public static bool IsEmpty(string path)
    {
        try
        {
            var file = new FileInfo(path);
            FileSystemInfo target = file.ResolveLinkTarget(returnFinalTarget: true) ?? file;
            return target is FileInfo { Exists: true, Length: 0 };
        }
        catch (IOException)
        {
            // A link in a circle: reading it tells.
            return false;
        }
    }
}
