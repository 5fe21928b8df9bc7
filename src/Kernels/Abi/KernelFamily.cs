namespace LungSeg.Kernels.Abi;

/// <summary>What kernels compute. Kernels of a family take the same parameters and can stand in for each other.</summary>
internal static class KernelFamily
{
    public const string ConvSimt = "conv_simt";
    public const string ConvMma = "conv_mma";
    public const string ConvWgmma = "conv_wgmma";
    public const string ConvReduce = "conv_reduce";
    public const string ConvDirect = "conv_direct";
    public const string ConvPlanar = "conv_planar";
    public const string ConvHead = "conv_head";
    public const string Depthwise = "depthwise";
    public const string Depthwise3x3 = "depthwise_3x3";
    public const string Depthwise5x5 = "depthwise_5x5";
    public const string Linear = "linear";
    public const string ScaleShift = "scale_shift";
    public const string CopyChannels = "copy_channels";
    public const string Add = "add";
    public const string Multiply = "mul";
    public const string FromPlanar = "from_planar";
    public const string ToPlanar = "to_planar";
    public const string Softmax = "softmax";
    public const string MaxPool = "max_pool";
    public const string AveragePool = "avg_pool";
    public const string UpsampleNearest = "upsample_nearest";
    public const string UpsampleBilinear = "upsample_bilinear";
    public const string PoolSums = "pool_sums";
    public const string PoolMean = "pool_mean";
    public const string SqueezeExcite = "squeeze_excite";
    public const string GroupNormMoments = "group_norm_moments";
    public const string GroupNormScale = "group_norm_scale";
    public const string ChannelNorm = "channel_norm";
    public const string AttentionScores = "attention_scores";
    public const string AttentionExponentials = "attention_exponentials";
    public const string AttentionProduct = "attention_product";
    public const string Preprocess = "preprocess";
    public const string Postprocess = "postprocess";

    /// <summary>The convolutions by tiles, of every precision.</summary>
    public static IReadOnlyList<string> Tiled { get; } = [ConvSimt, ConvMma, ConvWgmma];
}

/// <summary>What a map's elements are stored as, and what products are rounded to.</summary>
internal static class KernelNumbers
{
    public const string Float32 = "f32", TensorFloat32 = "tf32", Float16 = "f16";
}
