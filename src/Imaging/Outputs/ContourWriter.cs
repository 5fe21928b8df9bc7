namespace LungSeg.Imaging.Outputs;

/// <summary>The outlines alone, in the overlay's colours on a transparent ground, as PNG to be laid over the image.</summary>
internal sealed class ContourWriter : IResultWriter
{
    public string Name => "contour";

    public string Extension => ".contour.png";

    public string Description => "the outlines alone on a transparent ground, PNG";

    public void Write(Stream stream, LungSegmentation result) =>
        ImageWriter.WritePng(stream, result.Mask.Width, result.Mask.Height, 4, Overlay.DrawOutline(result.Sided));
}
