using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Encoders;

/// <summary>EfficientNet (Tan and Le 2019, arXiv:1905.11946) with the module names of efficientnet-pytorch.</summary>
internal sealed class EfficientNet : Encoder
{
    /// <summary>The members of the family by their names in the library.</summary>
    public static readonly IReadOnlyDictionary<string, EfficientNetVariant> Variants = new Dictionary<string, EfficientNetVariant>
    {
        ["efficientnet-b0"] = new(Width: 1.0, Depth: 1.0, ImageSize: 224, FeatureEnds: [3, 5, 9, 16]),
        ["efficientnet-b1"] = new(Width: 1.0, Depth: 1.1, ImageSize: 240, FeatureEnds: [5, 8, 16, 23]),
        ["efficientnet-b2"] = new(Width: 1.1, Depth: 1.2, ImageSize: 260, FeatureEnds: [5, 8, 16, 23]),
        ["efficientnet-b3"] = new(Width: 1.2, Depth: 1.4, ImageSize: 300, FeatureEnds: [5, 8, 18, 26]),
        ["efficientnet-b4"] = new(Width: 1.4, Depth: 1.8, ImageSize: 380, FeatureEnds: [6, 10, 22, 32]),
        ["efficientnet-b5"] = new(Width: 1.6, Depth: 2.2, ImageSize: 456, FeatureEnds: [8, 13, 27, 39]),
        ["efficientnet-b6"] = new(Width: 1.8, Depth: 2.6, ImageSize: 528, FeatureEnds: [9, 15, 31, 45]),
        ["efficientnet-b7"] = new(Width: 2.0, Depth: 3.1, ImageSize: 600, FeatureEnds: [11, 18, 38, 55]),
    };

    private const int StemWidth = 32, HeadWidth = 1280;

    // B0's rows in the paper's table 1; the variants scale channels and repeats.
    private static readonly (int Expand, int KernelSize, int Stride, int Channels, int Repeats)[] Rows =
    [
        (1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3), (6, 5, 2, 192, 4), (6, 3, 1, 320, 1),
    ];

    public EfficientNet(WeightScope w, EfficientNetVariant variant, EncoderOptions options)
        : this(w, variant, options, Blocks(variant, options.EfficientNetPadding))
    {
    }

    private EfficientNet(WeightScope w, EfficientNetVariant variant, EncoderOptions options, MBConvShape[] blocks) : base(
        w, options,
        [options.InChannels, variant.Filters(StemWidth), .. variant.FeatureEnds.Select(end => blocks[end - 1].OutChannels)],
        Stages(w, variant, options, blocks))
    {
        // The classifier's last convolution is in every checkpoint, though no decoder reads it.
        int head = variant.Filters(HeadWidth);
        _ = new Conv2d(w["_conv_head"], blocks[^1].OutChannels, head, kernelSize: 1, bias: false);
        _ = new BatchNorm2d(w["_bn1"], head, MBConvBlock.Eps);
    }

    private static Func<IReadOnlyList<Layer>>[] Stages(WeightScope w, EfficientNetVariant variant, EncoderOptions options,
        MBConvShape[] blocks)
    {
        int stem = variant.Filters(StemWidth);
        IReadOnlyList<Layer> First() =>
        [
            new Conv2d(
                w["_conv_stem"], options.InChannels, stem, kernelSize: 3, stride: 2,
                padding: MBConvShape.StaticPadding(kernelSize: 3, stride: 2, variant.ImageSize), bias: false),
            new BatchNorm2d(w["_bn0"], stem, MBConvBlock.Eps),
            new Activate(w["_swish"], Activation.SiLU),
        ];
        int[] ends = [0, .. variant.FeatureEnds];
        return [() => [], First, .. Enumerable.Range(0, ends.Length - 1).Select(i => (Func<IReadOnlyList<Layer>>)(() =>
            [.. Enumerable.Range(ends[i], ends[i + 1] - ends[i]).Select(block => new MBConvBlock(w["_blocks"][block], blocks[block]))]))];
    }

    private static MBConvShape[] Blocks(EfficientNetVariant variant, EfficientNetPadding padding)
    {
        var blocks = new List<MBConvShape>();
        int channels = variant.Filters(StemWidth), size = Halved(variant.ImageSize);
        foreach ((int expand, int kernelSize, int rowStride, int rowChannels, int repeats) in Rows)
        {
            for (int repeat = 0; repeat < variant.Repeats(repeats); repeat++)
            {
                int stride = repeat == 0 ? rowStride : 1, imageSize = padding == EfficientNetPadding.OfImage ? variant.ImageSize : size;
                blocks.Add(new MBConvShape(channels, variant.Filters(rowChannels), expand, kernelSize, stride, imageSize));
                channels = variant.Filters(rowChannels);
                if (stride == 2) size = Halved(size);
            }
        }
        return [.. blocks];

        static int Halved(int size) => (size + 1) / 2;
    }
}

/// <summary>
/// How far a variant scales B0: width and depth, the image size that it was made for, and the number of blocks after which
/// its feature maps 2 to 5 are read.
/// </summary>
internal sealed record EfficientNetVariant(double Width, double Depth, int ImageSize, IReadOnlyList<int> FeatureEnds)
{
    /// <summary>Channels scaled by the width and rounded to a multiple of 8, but not down by more than a tenth.</summary>
    public int Filters(int channels) => Divisible.Round(channels * Width);

    /// <summary>Repeats scaled by the depth, rounded up.</summary>
    public int Repeats(int repeats) => (int)Math.Ceiling(Depth * repeats);
}
