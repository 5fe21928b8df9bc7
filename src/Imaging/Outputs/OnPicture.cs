using LungSeg.IO;

namespace LungSeg.Imaging.Outputs;

/// <summary>Formats whose coordinates are the picture's own refuse a mask that does not lie on it.</summary>
internal static class OnPicture
{
    public static void Require(LungSegmentation result, string format)
    {
        if (!result.MaskLiesOnPicture)
            throw new ImageException(
                $"{result.Picture.Name}: {format} needs a mask on the picture's own {result.Picture.Width} x {result.Picture.Height} pixels, this one has "
                + $"{result.Mask.Width} x {result.Mask.Height} (mode {result.Method.Compat}); leave {format} out or use the fixed mode")
            { Remedy = Remedy.NativeMode };
    }
}
