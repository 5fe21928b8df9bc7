namespace LungSeg.Imaging.Outputs;

/// <summary>The mask as grey PNG: 0 background, 255 lung.</summary>
internal sealed class MaskWriter : IResultWriter
{
    public string Name => "mask";

    public string Extension => ".mask.png";

    public string Description => "the mask, PNG, 255 for lung";

    public void Write(Stream stream, LungSegmentation result) => ImageWriter.WritePng(stream, result.Mask);
}
