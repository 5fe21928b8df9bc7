using LungSeg.Imaging;
using LungSeg.Imaging.Drawing;
using LungSeg.Imaging.Evaluation;

namespace LungSeg.Cli.Evaluation;

/// <summary>A small image with the outlines of reference and prediction, and what is written below it.</summary>
internal sealed record CasePanel(Figure Image, string Name, string Caption)
{
    /// <summary>Width and height in pixels.</summary>
    public const int Side = 284;

    /// <summary>Blue for the reference and orange for the prediction: colour-blind readers tell them apart.</summary>
    public static readonly Rgb ReferenceColor = new(86, 180, 233), PredictionColor = new(255, 160, 0);

    private const double OutlineThickness = 1.6;

    public static CasePanel Draw(string name, Radiograph image, LungMask reference, LungMask prediction, MaskScore score)
    {
        double scale = Math.Min((double)Side / image.Width, (double)Side / image.Height);
        (int width, int height) = (Scaled(image.Width), Scaled(image.Height));
        (int left, int top) = ((Side - width) / 2, (Side - height) / 2);
        byte[] grey = width <= image.Width && height <= image.Height
            ? Preview.Shrink(Overlay.Grey(image), image.Width, image.Height, width, height)
            : OpenCvResize.Linear(Overlay.Grey(image), image.Width, image.Height, 1, width, height);
        byte[] rgb = new byte[3 * grey.Length];
        for (int i = 0; i < rgb.Length; i++) rgb[i] = grey[i / 3];
        var panel = new Figure(Side, Side);
        panel.Fill(0, 0, Side, Side, default);
        panel.Image(left, top, width, height, rgb);
        panel.Outline(reference, left, top, (double)width / image.Width, ReferenceColor, OutlineThickness);
        panel.Outline(prediction, left, top, (double)width / image.Width, PredictionColor, OutlineThickness);
        return new CasePanel(panel, name, Below(score));

        int Scaled(int size) => Math.Max(1, (int)Math.Round(size * scale));
    }

    private static string Below(MaskScore score)
    {
        string dice = $"Dice {Units.Fixed(score.Overlap.Dice, 3)}";
        return score.Millimetres is { } mm
            ? $"{dice}, Hausdorff 95 % {Units.Fixed(mm.Percentile95, 1)} mm"
            : score.Pixels is { } px ? $"{dice}, Hausdorff 95 % {Units.Fixed(px.Percentile95, 1)} px" : dice;
    }
}
