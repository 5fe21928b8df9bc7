namespace LungSeg.Imaging.Outputs;

/// <summary>The outlines alone, in the overlay's colours on a transparent ground, as PNG to be laid over the image.</summary>
internal sealed class ContourWriter : ResultWriter
{
    public override string Name => "contour";

    public override string Extension => ".contour.png";

    public override string Description => "the outlines alone on a transparent ground, PNG";

    protected override void WriteContent(Stream stream, LungSegmentation result) =>
        ImageWriter.WritePng(stream, result.Mask.Width, result.Mask.Height, 4, Overlay.DrawOutline(result.Sided));
}
