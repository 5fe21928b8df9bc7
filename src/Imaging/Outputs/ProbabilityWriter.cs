namespace LungSeg.Imaging.Outputs;

/// <summary>The probabilities as grey PNG of 16 bits, 65535 for certainty.</summary>
internal sealed class ProbabilityWriter : ResultWriter
{
    public override string Name => "probabilities";

    public override string Extension => ".probabilities.png";

    public override string Description => "the probability of lung, PNG of 16 bits, 65535 for 1";

    protected override void WriteContent(Stream stream, LungSegmentation result) =>
        ImageWriter.WritePng(stream, result.Probabilities.ToImage());
}
