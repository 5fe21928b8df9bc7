using LungSeg.Engine.Weights;
using LungSeg.Models;

namespace LungSeg.Tests.Fuzzing;

/// <summary>
/// A network that takes a fraction of a millisecond, so that tests of many images are tests of what reads them. What it finds is noise.
/// </summary>
internal static class SmallNetwork
{
    /// <summary>The side that it sees.</summary>
    public const int Side = 32;

    /// <summary>Writes its weights file.</summary>
    public static void Write(string path)
    {
        var layout = new LayoutRecorder();
        new Network("Linknet", "timm-mobilenetv3_small_minimal_100", new NetworkOptions()).Build(layout);
        var source = new SyntheticWeights("small/");
        Safetensors.Write(path, layout.Asked.Select(asked => source.Get(asked.Key, [.. asked.Dims])));
    }
}
