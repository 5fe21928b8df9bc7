namespace LungSeg.Imaging.Outputs;

/// <summary>The image with its lungs tinted and outlined, as PNG.</summary>
internal sealed class OverlayWriter : ResultWriter
{
    public override string Name => "overlay";

    public override string Extension => ".overlay.png";

    public override string Description => "the image with both lungs tinted and outlined, PNG";

    protected override void WriteContent(Stream stream, LungSegmentation result) =>
        ImageWriter.WritePng(stream, result.Mask.Width, result.Mask.Height, 3, Overlay.Draw(result.ImageUnderMask(), result.Sided));
}
