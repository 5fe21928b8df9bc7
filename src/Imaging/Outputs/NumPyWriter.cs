namespace LungSeg.Imaging.Outputs;

/// <summary>The probabilities as a NumPy array: height x width, float32, as the network gave them.</summary>
internal sealed class NumPyWriter : IResultWriter
{
    public string Name => "npy";

    public string Extension => ".probabilities.npy";

    public string Description => "the probability of lung, NumPy array of float32";

    public void Write(Stream stream, LungSegmentation result) => NumPyFile.Write(stream, result.Probabilities);
}
