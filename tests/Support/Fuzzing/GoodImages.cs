using LungSeg.Imaging;

namespace LungSeg.Tests.Fuzzing;

/// <summary>Files to be damaged.</summary>
internal static class GoodImages
{
    private const int LargestFile = 40_000;

    /// <summary>The small files of a folder that are images of any format, each read once to be sure of it.</summary>
    public static string[] In(string folder) =>
    [
        .. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Where(file => new FileInfo(file).Length <= LargestFile && IsGood(file)),
    ];

    private static bool IsGood(string file)
    {
        try
        {
            return ImageReader.Recognizes(file) && ImageReader.Read(file).Width > 0;
        }
        catch (ImageException)
        {
            return false;
        }
    }
}
