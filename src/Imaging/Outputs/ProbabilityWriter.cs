namespace LungSeg.Imaging.Outputs;

/// <summary>The probabilities as grey PNG of 16 bits, 65535 for certainty.</summary>
internal sealed class ProbabilityWriter : IResultWriter
{
    public string Name => "probabilities";

    public string Extension => ".probabilities.png";

    public string Description => "the probability of lung, PNG of 16 bits, 65535 for 1";

    public void Write(Stream stream, LungSegmentation result) => ImageWriter.WritePng(stream, result.Probabilities.ToImage());
}
