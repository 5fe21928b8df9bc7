namespace LungSeg.Imaging.Outputs;

/// <summary>The mask as grey PNG: 0 background, 255 lung.</summary>
internal sealed class MaskWriter : ResultWriter
{
    public override string Name => "mask";

    public override string Extension => ".mask.png";

    public override string Description => "the mask, PNG, 255 for lung";

    protected override void WriteContent(Stream stream, LungSegmentation result) => ImageWriter.WritePng(stream, result.Mask);
}
