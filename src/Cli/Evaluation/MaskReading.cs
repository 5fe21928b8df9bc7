using LungSeg.Cli.Comparison;
using LungSeg.Imaging;
using LungSeg.Imaging.Masks;

namespace LungSeg.Cli.Evaluation;

/// <summary>Masks from files, brought onto the pixels of their image.</summary>
internal static class MaskReading
{
    private const float Half = 0.5f;
    private const double AspectTolerance = 0.02;

    /// <summary>The union of an image's reference masks. Throws for one that is no mask, or of another image.</summary>
    public static LungMask Reference(EvaluationPair pair, Radiograph image, bool union)
    {
        LungMask? all = null;
        foreach (string file in pair.References)
        {
            Comparable values = Comparable.Read(file, union);
            LungMask mask = values.Cut(Half);
            float brightest = values.Values.Max();
            if (mask.Area == 0 && brightest > 0)
            {
                throw new UsageException($"'{file}': nothing is brighter than half, but something as bright as {Units.Percent(brightest)}: "
                    + "a mask is black and white, or 0 and 1");
            }
            mask = OnImage(mask, image, file);
            all = all is null ? mask : new LungMask(mask.Width, mask.Height, [.. all.Pixels.ToArray().Zip(mask.Pixels.ToArray(), (a, b) => (byte)(a | b))]);
        }
        return all!;
    }

    /// <summary>What of an image is not counted; null where nothing is left out.</summary>
    public static LungMask? Ignored(EvaluationPair pair, Radiograph image, bool union) =>
        pair.Ignored is { } file ? OnImage(Comparable.Read(file, union).Cut(Half), image, file) : null;

    /// <summary>A mask on its image's pixels: as it is, or by the nearest pixel where it has the image's shape.</summary>
    public static LungMask OnImage(LungMask mask, Radiograph image, string file)
    {
        (int width, int height) = (image.Width, image.Height);
        if (mask.Width == width && mask.Height == height) return mask;
        double stretch = (double)mask.Width * height / ((double)mask.Height * width);
        bool study = mask.Width == StudyCleanup.SavedSide && mask.Height == StudyCleanup.SavedSide;
        return study || Math.Abs(stretch - 1) <= AspectTolerance
            ? mask.Resize(width, height)
            : throw new UsageException($"'{file}' has {mask.Width} x {mask.Height} pixels, its image {width} x {height}, which is another shape: "
                + "is it the mask of another image, or turned?");
    }
}
