using LungSeg.Imaging.Masks;

namespace LungSeg.Imaging.Outputs;

/// <summary>
/// A lung's mask in the run-length coding of COCO (pycocotools), with its area and its box as x, y, width, height, in pixels of the image.
/// </summary>
internal sealed record EncodedLung(LungSide Side, int Area, IReadOnlyList<int> Box, string Counts)
{
    /// <summary>The lungs of a result, the right one first; <paramref name="format"/> is what they are written as.</summary>
    /// <exception cref="ImageException">The mask is not on the image's own pixels.</exception>
    public static IReadOnlyList<EncodedLung> Of(LungSegmentation result, string format)
    {
        ArgumentNullException.ThrowIfNull(result);
        OnImage.Require(result, format);
        SidedMask mask = result.Sided;
        return
        [
            .. Enum.GetValues<LungSide>().Select(side => result.Statistics.Of(side)).OfType<Lung>().Select(lung => new EncodedLung(
                lung.Side, lung.Area, [lung.Left, lung.Top, lung.Width, lung.Height],
                RunLengthMask.Encode(mask.Sides, mask.Width, mask.Height, SidedMask.ValueOf(lung.Side)))),
        ];
    }

    /// <summary>COCO's category: 1 right lung, 2 left lung, 3 both in one part.</summary>
    public static int CategoryOf(LungSide side) => SidedMask.ValueOf(side);

    /// <summary>The name of COCO's category.</summary>
    public static string NameOf(LungSide side) => LungNames.Of(side);
}
