using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Encoders;

/// <summary>EfficientNet (Tan and Le 2019, arXiv:1905.11946) with the module names of efficientnet-pytorch 0.6.3.</summary>
internal sealed class EfficientNet : Encoder
{
    public static readonly EfficientNetVariant B0 = new(Width: 1.0, Depth: 1.0, ImageSize: 224, FeatureEnds: [3, 5, 9, 16]);
    public static readonly EfficientNetVariant B1 = new(Width: 1.0, Depth: 1.1, ImageSize: 240, FeatureEnds: [5, 8, 16, 23]);
    public static readonly EfficientNetVariant B2 = new(Width: 1.1, Depth: 1.2, ImageSize: 260, FeatureEnds: [5, 8, 16, 23]);

    private const int StemWidth = 32, HeadWidth = 1280;

    // B0's rows in the paper's table 1; the variants scale channels and repeats.
    private static readonly (int Expand, int KernelSize, int Stride, int Channels, int Repeats)[] Rows =
    [
        (1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3), (6, 5, 2, 192, 4), (6, 3, 1, 320, 1),
    ];

    /// <summary>Builds a variant whose last feature map is 32, 16 or 8 times smaller than the input.</summary>
    public EfficientNet(WeightScope w, EfficientNetVariant variant, int outputStride = 32)
        : this(w, variant, Blocks(variant, outputStride))
    {
    }

    private EfficientNet(WeightScope w, EfficientNetVariant variant, MBConvShape[] blocks)
        : base(w, OutChannelsOf(variant, blocks), Stages(w, variant, blocks))
    {
        // The classifier's last convolution is in every checkpoint, though no decoder reads it.
        int head = variant.Filters(HeadWidth);
        _ = new Conv2d(w["_conv_head"], blocks[^1].OutChannels, head, kernelSize: 1, bias: false);
        _ = new BatchNorm2d(w["_bn1"], head, MBConvBlock.Eps);
    }

    private static int[] OutChannelsOf(EfficientNetVariant variant, MBConvShape[] blocks) =>
        [3, variant.Filters(StemWidth), .. variant.FeatureEnds.Select(end => blocks[end - 1].OutChannels)];

    private static Layer[][] Stages(WeightScope w, EfficientNetVariant variant, MBConvShape[] blocks)
    {
        int stem = variant.Filters(StemWidth);
        Layer[] first =
        [
            new Conv2d(
                w["_conv_stem"], 3, stem, kernelSize: 3, stride: 2,
                padding: MBConvShape.StaticPadding(kernelSize: 3, stride: 2, variant.ImageSize), bias: false),
            new BatchNorm2d(w["_bn0"], stem, MBConvBlock.Eps),
            new Activate(w["_swish"], Activation.SiLU),
        ];
        Layer[] rest = [.. blocks.Select((shape, index) => new MBConvBlock(w["_blocks"][index], shape))];
        int[] starts = [0, .. variant.FeatureEnds];
        return [first, .. variant.FeatureEnds.Select((end, level) => rest[starts[level]..end])];
    }

    private static MBConvShape[] Blocks(EfficientNetVariant variant, int outputStride)
    {
        var blocks = new List<MBConvShape>();
        int channels = variant.Filters(StemWidth);
        foreach ((int expand, int kernelSize, int rowStride, int rowChannels, int repeats) in Rows)
        {
            for (int repeat = 0; repeat < variant.Repeats(repeats); repeat++)
            {
                int stride = repeat == 0 ? rowStride : 1;
                int level = 2 + variant.FeatureEnds.Count(end => end <= blocks.Count);
                blocks.Add(new MBConvShape(
                    channels, variant.Filters(rowChannels), expand, kernelSize, stride, variant.ImageSize, Dilation(level, outputStride)));
                channels = variant.Filters(rowChannels);
            }
        }
        return [.. blocks];
    }

    // A feature level whose stride would pass the output stride is dilated instead; 1 stands for "as published".
    private static int Dilation(int level, int outputStride) => Math.Max((1 << level) / outputStride, 1);
}

/// <summary>
/// How far a variant scales B0: width and depth, the image size that it was made for, and the number of blocks after which
/// its feature maps 2 to 5 are read.
/// </summary>
internal sealed record EfficientNetVariant(double Width, double Depth, int ImageSize, IReadOnlyList<int> FeatureEnds)
{
    private const int Divisor = 8;

    /// <summary>Channels scaled by the width and rounded to a multiple of 8, but not down by more than a tenth.</summary>
    public int Filters(int channels)
    {
        double scaled = channels * Width;
        int rounded = Math.Max(Divisor, (int)(scaled + (Divisor / 2)) / Divisor * Divisor);
        return rounded < 0.9 * scaled ? rounded + Divisor : rounded;
    }

    /// <summary>Repeats scaled by the depth, rounded up.</summary>
    public int Repeats(int repeats) => (int)Math.Ceiling(Depth * repeats);
}
