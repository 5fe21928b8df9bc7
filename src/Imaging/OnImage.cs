using LungSeg.IO;

namespace LungSeg.Imaging;

/// <summary>Formats whose coordinates are the image's own refuse a mask that does not lie on it.</summary>
internal static class OnImage
{
    public static void Require(LungSegmentation result, string format)
    {
        if (!result.MaskLiesOnImage)
            throw new ImageException(
                $"{result.Image.Name}: {format} needs a mask on the image's own {result.Image.Width} x {result.Image.Height} pixels, "
                    + "this one has "
                + $"{result.Mask.Width} x {result.Mask.Height} (mode {result.Method.Mode}); leave {format} out or use the native mode")
            { Remedy = Remedy.NativeMode };
    }
}
