using LungSeg.Imaging;

namespace LungSeg.Cli.Tests.Runs;

/// <summary>Small chest X-rays for runs over folders; drawn once.</summary>
internal static class Images
{
    private const int Side = 96;
    private static readonly byte[][] Png = [.. Enumerable.Range(1, 4).Select(Draw)];

    /// <summary>Writes images of different content into a directory, named in it.</summary>
    public static void Write(TemporaryDirectory directory, string folder, params ReadOnlySpan<string> names)
    {
        for (int i = 0; i < names.Length; i++)
        {
            string path = directory[Path.Combine(folder, names[i])];
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, Png[i % Png.Length]);
        }
    }

    /// <summary>Writes an image whose greys lie between 239 and 255.</summary>
    public static void WritePale(TemporaryDirectory directory, string name)
    {
        byte[] grey = SyntheticRadiograph.Draw(Side, Side, 1).Image.To8Bit();
        directory.Write(name, ImageWriter.EncodePng(Side, Side, 1, Array.ConvertAll(grey, g => (byte)(239 + g / 16))));
    }

    private static byte[] Draw(int seed)
    {
        Radiograph image = SyntheticRadiograph.Draw(Side, Side, seed).Image;
        return ImageWriter.EncodePng(image.Width, image.Height, 1, image.To8Bit());
    }
}
