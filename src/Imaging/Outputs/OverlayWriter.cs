namespace LungSeg.Imaging.Outputs;

/// <summary>The image with its lungs tinted and outlined, as PNG.</summary>
internal sealed class OverlayWriter : IResultWriter
{
    public string Name => "overlay";

    public string Extension => ".overlay.png";

    public string Description => "the image with both lungs tinted and outlined, PNG";

    public void Write(Stream stream, LungSegmentation result) =>
        ImageWriter.WritePng(stream, result.Mask.Width, result.Mask.Height, 3, Overlay.Draw(result.ImageUnderMask(), result.Sided));
}
