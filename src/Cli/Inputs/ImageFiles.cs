using LungSeg.Imaging;
using LungSeg.Imaging.Outputs;

namespace LungSeg.Cli.Inputs;

/// <summary>Decides which files in a folder are images to segment. Files that the user names are always read.</summary>
internal static class ImageFiles
{
    /// <summary>Extensions of DICOM files, which may hold no image.</summary>
    private static readonly string[] DicomExtensions = [".dcm", ".dicom", ".dic", ".ima"];

    private static readonly string[] Extensions =
    [
        ".png", ".jpg", ".jpeg", ".jpe", ".bmp", ".dib", ".tif", ".tiff", ".gif", ".jp2", ".j2k", ".j2c", ".jpc", .. DicomExtensions,
    ];

    /// <summary>The endings of the program's results, and of masks of other programs.</summary>
    private static readonly string[] OutputEndings = [.. ResultFormats.All.Select(writer => writer.Extension), "_mask.png"];

    public enum Kind { Image, Hidden, Output, DicomObject, Other }

    public static Kind Of(string path) => Of(path, out _);

    /// <summary>What a file is; for a DICOM object without an image also its kind, such as "segmentation".</summary>
    public static Kind Of(string path, out string? dicomObject)
    {
        dicomObject = null;
        string name = Path.GetFileName(path);
        if (name.StartsWith('.')) return Kind.Hidden;
        if (OutputEndings.Any(ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase))) return Kind.Output;
        string extension = Path.GetExtension(name);
        bool named = Extensions.Contains(extension, StringComparer.OrdinalIgnoreCase);
        // Only DICOM files are opened here: the other files of a large folder are not opened twice.
        if (named && !DicomExtensions.Contains(extension, StringComparer.OrdinalIgnoreCase)) return Kind.Image;
        if (IsEmpty(path)) return named ? Kind.Image : Kind.Other;
        (string? format, dicomObject) = ImageReader.Recognize(path);
        if (dicomObject is not null) return Kind.DicomObject;
        return named || format is not null ? Kind.Image : Kind.Other;
    }

    /// <summary>
    /// Whether a file has no length. It may be a pipe, and a run over a folder would wait for ever for its writer; a pipe that is named is
    /// read.
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
            // A circle of links: reading it gives the error.
            return false;
        }
    }
}
