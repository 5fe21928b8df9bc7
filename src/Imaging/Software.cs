using LungSeg.IO;

namespace LungSeg.Imaging;

/// <summary>How result files name the program that made them.</summary>
internal static class Software
{
    public const string Name = "LungSeg";

    public static string Version => ProductVersion.Number;
}
