namespace LungSeg.Cli.Evaluation;

/// <summary>Files below a folder and their names.</summary>
internal static class EvaluationFiles
{
    private static readonly string[] Pictures = [".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".dcm", ".dicom"];

    public static IEnumerable<string> Below(string folder)
    {
        try
        {
            return Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToArray();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"the folder '{folder}' cannot be listed: {e.Message}", e);
        }
    }

    public static bool IsPicture(string file) => Pictures.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase);

    /// <summary>A file's path relative to a folder, with '/', without extension.</summary>
    public static string NameOf(string folder, string file)
    {
        string relative = Path.GetRelativePath(folder, file).Replace(Path.DirectorySeparatorChar, '/');
        return relative[..^Path.GetExtension(relative).Length];
    }
}
