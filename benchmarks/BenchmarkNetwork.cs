using LungSeg.Engine;
using LungSeg.Engine.Weights;
using LungSeg.Models;
using LungSeg.Models.Decoders;
using LungSeg.Models.Encoders;

namespace LungSeg.Benchmarks;

/// <summary>
/// A network with weights that need no file: one of the nine with those of its golden file, or any other of segmentation_models_pytorch,
/// named by architecture and encoder such as <c>unet-resnet34</c>, with synthetic ones.
/// </summary>
/// <param name="Key">The name on the command line.</param>
/// <param name="Height">The input's height that is measured.</param>
/// <param name="Width">The input's width that is measured.</param>
/// <param name="Record">Traces the network for a number, height and width of images.</param>
/// <param name="Input">Images of a number, height and width.</param>
internal sealed record BenchmarkNetwork(
    string Key, int Height, int Width, Func<int, int, int, Graph> Record, Func<int, int, int, float[]> Input)
{
    private const string Salt = "benchmark/", Pairs = "pairs";
    private const int Side = 512;

    /// <summary>What the word <c>pairs</c> stands for: networks whose convolutions the nine have little of.</summary>
    private static readonly string[] CommonPairs =
    [
        "unet-resnet34", "unetplusplus-resnet34", "fpn-resnet50", "deeplabv3plus-resnet50", "unet-mobilenet_v2", "manet-densenet121",
        "linknet-resnext50_32x4d", "unet-vgg16_bn",
    ];

    /// <summary>Opens the named networks, or the nine.</summary>
    public static IReadOnlyList<BenchmarkNetwork> Open(IReadOnlyList<string> keys)
    {
        string[] wanted = [.. keys.SelectMany(key => key == Pairs ? CommonPairs : [key])];
        IReadOnlyList<GoldenNetwork> golden = GoldenNetwork.Open([.. wanted.Where(GoldenNetwork.Has)], all: wanted.Length == 0);
        return [.. golden.Select(Of), .. wanted.Where(key => !GoldenNetwork.Has(key)).Select(OfPair)];
    }

    private static BenchmarkNetwork Of(GoldenNetwork network)
    {
        GoldenCase native = network.Golden.Case("native");
        return new BenchmarkNetwork(
            network.Key, native.H, native.W, network.Record,
            (n, h, w) => SyntheticWeights.Input(network.Golden.Salt, native.Tag, n, h, w));
    }

    private static BenchmarkNetwork OfPair(string key)
    {
        string? architecture = key.Split('-', 2) is [string name, _]
            ? DecoderTable.All.Keys.FirstOrDefault(known => known.Equals(name, StringComparison.OrdinalIgnoreCase)) : null;
        if (architecture is null || !EncoderTable.All.ContainsKey(key[(architecture.Length + 1)..]))
        {
            throw new UsageException($"unknown network '{key}'; there are {string.Join(", ", Architectures.All.Select(a => a.Key))}, "
                + "and others by architecture and encoder, such as unet-resnet34");
        }
        var network = new Network(architecture, key[(architecture.Length + 1)..],
            new NetworkOptions { Activation = OutputActivation.None });
        var weights = new SyntheticWeights(Salt);
        return new BenchmarkNetwork(
            key, Side, Side, (n, h, w) => Graph.Record(new Shape(n, 3, h, w), network.Build(weights)),
            (n, h, w) => SyntheticWeights.Input(Salt, "native", n, h, w));
    }
}
