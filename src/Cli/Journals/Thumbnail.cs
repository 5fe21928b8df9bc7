using System.Globalization;
using System.Text;
using LungSeg.Imaging;
using LungSeg.Imaging.Masks;

namespace LungSeg.Cli.Journals;

/// <summary>
/// An image small enough for a page with thousands of them: a JPEG of the X-ray, and the lungs' outlines as an SVG path for each side, in
/// a view box of <see cref="Scale"/> units to a pixel.
/// </summary>
internal sealed record Thumbnail(int Width, int Height, byte[] Jpeg, IReadOnlyDictionary<string, string> Outlines)
{
    public const int Scale = 4;
    private const int LongestSide = 160, Quality = 75;
    private const double Tolerance = 1.5;

    public static Thumbnail Of(LungSegmentation result)
    {
        Radiograph image = result.ImageUnderMask();
        double shrink = Math.Min(1, (double)LongestSide / Math.Max(image.Width, image.Height));
        int width = Math.Max(1, (int)Math.Round(image.Width * shrink)), height = Math.Max(1, (int)Math.Round(image.Height * shrink));
        byte[] grey = Preview.Shrink(Overlay.Grey(image), image.Width, image.Height, width, height);
        return new Thumbnail(width, height, Preview.Jpeg(grey, width, height, Quality), Trace(result, Scale * shrink));
    }

    private static Dictionary<string, string> Trace(LungSegmentation result, double scale)
    {
        var paths = new Dictionary<string, StringBuilder>();
        foreach (Outline outline in Outline.Trace(result, Tolerance / scale))
        {
            string side = outline.Side == LungSide.Both ? "joined" : outline.Side.ToString().ToLowerInvariant();
            if (!paths.TryGetValue(side, out StringBuilder? path)) paths[side] = path = new StringBuilder();
            for (int i = 0; i < outline.Corners.Count; i++)
            {
                (double x, double y) = (outline.Corners[i].X * scale, outline.Corners[i].Y * scale);
                path.Append(CultureInfo.InvariantCulture, $"{(i == 0 ? 'M' : 'L')}{x:0} {y:0}");
            }
            path.Append('Z');
        }
        return paths.ToDictionary(pair => pair.Key, pair => pair.Value.ToString());
    }
}
