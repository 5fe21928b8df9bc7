using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Encoders;

/// <summary>
/// VGG (Simonyan and Zisserman 2014, arXiv:1409.1556) with the module names of torchvision. Its first stage has the image's own size.
/// </summary>
internal sealed class Vgg(WeightScope w, VggVariant variant, EncoderOptions options) : Encoder(
    w, options, [.. Widths, Widths[^1]], Stages(w["features"], variant, options.InChannels))
{
    /// <summary>The members of the family by their names in the library.</summary>
    public static readonly IReadOnlyDictionary<string, VggVariant> Variants =
        new (string Name, int[] Depths)[] { ("vgg11", [1, 1, 2, 2, 2]), ("vgg13", [2, 2, 2, 2, 2]), ("vgg16", [2, 2, 3, 3, 3]),
            ("vgg19", [2, 2, 4, 4, 4]) }
            .SelectMany(row => new[] { (row.Name, new VggVariant(row.Depths, Norm: false)),
                ($"{row.Name}_bn", new VggVariant(row.Depths, Norm: true)) })
            .ToDictionary(pair => pair.Item1, pair => pair.Item2);

    private static readonly int[] Widths = [64, 128, 256, 512, 512];

    private static Func<IReadOnlyList<Layer>>[] Stages(WeightScope w, VggVariant variant, int inChannels)
    {
        var stages = new List<Func<IReadOnlyList<Layer>>>();
        int first = 0;
        for (int stage = 0; stage < Widths.Length; stage++)
        {
            // The pooling between two stages belongs to the second.
            int index = first, width = Widths[stage], before = stage == 0 ? inChannels : Widths[stage - 1], depth = variant.Depths[stage];
            bool pools = stage > 0;
            stages.Add(() => [.. Stage(w, variant, index, pools, before, width, depth)]);
            first += (pools ? 1 : 0) + (depth * (variant.Norm ? 3 : 2));
        }
        int last = first;
        stages.Add(() => [new MaxPool2d(w[last], kernelSize: 2, stride: 2)]);
        return [.. stages];
    }

    private static IEnumerable<Layer> Stage(WeightScope w, VggVariant variant, int index, bool pools, int inChannels, int width, int depth)
    {
        if (pools) yield return new MaxPool2d(w[index++], kernelSize: 2, stride: 2);
        for (int i = 0; i < depth; i++)
        {
            yield return new Conv2d(w[index++], i == 0 ? inChannels : width, width, kernelSize: 3, padding: 1);
            if (variant.Norm) yield return new BatchNorm2d(w[index++], width);
            yield return new Activate(w[index++], Activation.ReLU);
        }
    }
}

/// <summary>A member of the VGG family: convolutions of each stage, and whether batch norms follow them.</summary>
internal sealed record VggVariant(IReadOnlyList<int> Depths, bool Norm);
