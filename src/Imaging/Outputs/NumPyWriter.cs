namespace LungSeg.Imaging.Outputs;

/// <summary>The probabilities as a NumPy array: height x width, float32, as the network gave them.</summary>
internal sealed class NumPyWriter : ResultWriter
{
    public override string Name => "npy";

    public override string Extension => ".probabilities.npy";

    public override string Description => "the probability of lung, NumPy array of float32";

    protected override void WriteContent(Stream stream, LungSegmentation result) => NumPyFile.Write(stream, result.Probabilities);
}
