using LungSeg.Imaging.Outputs;

namespace LungSeg.Imaging.Tests.Outputs;

/// <summary>Results without a network: a drawn radiograph with its true lungs.</summary>
internal static class Results
{
    public static LungSegmentation Synthetic(int side = 256) => SyntheticOn(side, image => image);

    /// <summary>A drawn radiograph of 256 x 256 pixels and its lungs.</summary>
    public static (Radiograph Image, LungMask Lungs) Drawn { get; } = SyntheticRadiograph.Draw(256, 256, seed: 1);

    /// <summary>The true lungs on another image of the same size.</summary>
    public static LungSegmentation SyntheticOn(int side, Func<Radiograph, Radiograph> change)
    {
        (Radiograph image, LungMask lungs) = side == 256 ? Drawn : SyntheticRadiograph.Draw(side, side, seed: 1);
        return Of(change(image), lungs);
    }

    public static LungSegmentation Of(Radiograph image, LungMask mask, float[]? probabilities = null) => new()
    {
        Image = image,
        Mask = mask,
        Probabilities = new ProbabilityMap(mask.Width, mask.Height,
            probabilities ?? Array.ConvertAll(mask.Pixels.ToArray(), p => p == 0 ? 0.01f : 0.99f)),
        Method = new SegmentationMethod("pan", "weights/pan.safetensors", 512, 0.5f, "fixed", "none"),
        Times = default,
    };

    /// <summary>What a writer writes.</summary>
    public static byte[] Written(string format, LungSegmentation result, ResultOptions? options = null)
    {
        using MemoryStream stream = new();
        // The first is written; others are there for those that refer to them, as in "sr,seg".
        ResultFormats.Parse(format, options)[0].Write(stream, result);
        return stream.ToArray();
    }
}
