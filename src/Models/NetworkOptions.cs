namespace LungSeg.Models;

/// <summary>What a network's last layer makes of its sums.</summary>
public enum OutputActivation
{
    /// <summary>Each class by itself: probabilities between 0 and 1.</summary>
    Sigmoid,

    /// <summary>One class of several: probabilities that sum to 1 at each pixel.</summary>
    Softmax,

    /// <summary>The sums themselves.</summary>
    None,
}

/// <summary>How the last feature map becomes one vector for the label of the whole image.</summary>
public enum LabelPooling
{
    /// <summary>The mean of each channel.</summary>
    Average,

    /// <summary>The largest value of each channel.</summary>
    Max,
}

/// <summary>The classification head beside the segmentation, the library's <c>aux_params</c>.</summary>
/// <param name="Classes">How many numbers the head gives.</param>
/// <param name="Pooling">How it pools.</param>
/// <param name="Activation">What it makes of its sums.</param>
public sealed record LabelOptions(int Classes, LabelPooling Pooling = LabelPooling.Average,
    OutputActivation Activation = OutputActivation.None);

/// <summary>
/// The options of a network's constructor in segmentation_models_pytorch. Null stands for the architecture's own default, as there.
/// </summary>
public sealed record NetworkOptions
{
    /// <summary>Channels of the image (<c>in_channels</c>).</summary>
    public int InChannels { get; init; } = 3;

    /// <summary>Classes of the mask (<c>classes</c>).</summary>
    public int Classes { get; init; } = 1;

    /// <summary>The last layer (<c>activation</c>).</summary>
    public OutputActivation Activation { get; init; } = OutputActivation.Sigmoid;

    /// <summary>Encoder stages that are used, 3 to 5 (<c>encoder_depth</c>).</summary>
    public int? EncoderDepth { get; init; }

    /// <summary>How many times smaller the encoder's last map is: 8, 16 or 32 (<c>encoder_output_stride</c>).</summary>
    public int? EncoderOutputStride { get; init; }

    /// <summary>Channels of each decoder block, or of the whole decoder (<c>decoder_channels</c>).</summary>
    public IReadOnlyList<int>? DecoderChannels { get; init; }

    /// <summary>
    /// Whether the decoder has batch norms (<c>decoder_use_batchnorm</c>, <c>decoder_use_norm</c>, <c>psp_use_batchnorm</c>).
    /// </summary>
    public bool DecoderNorm { get; init; } = true;

    /// <summary>Whether the decoder's blocks have scSE attention (<c>decoder_attention_type="scse"</c>).</summary>
    public bool DecoderAttention { get; init; }

    /// <summary>
    /// Whether the decoder upsamples bilinearly or by repetition (<c>decoder_interpolation</c>, <c>"bilinear"</c> or <c>"nearest"</c>).
    /// </summary>
    public bool? BilinearDecoder { get; init; }

    /// <summary>Channels of FPN's pyramid (<c>decoder_pyramid_channels</c>).</summary>
    public int PyramidChannels { get; init; } = 256;

    /// <summary>Channels of FPN's segmentation blocks (<c>decoder_segmentation_channels</c>).</summary>
    public int SegmentationChannels { get; init; } = 128;

    /// <summary>Whether FPN's levels are put side by side instead of summed (<c>decoder_merge_policy="cat"</c>).</summary>
    public bool MergeByConcatenation { get; init; }

    /// <summary>Channels of PSPNet's result (<c>psp_out_channels</c>).</summary>
    public int PspChannels { get; init; } = 512;

    /// <summary>Channels of MA-Net's position attention (<c>decoder_pab_channels</c>).</summary>
    public int PabChannels { get; init; } = 64;

    /// <summary>Dilations of the atrous pyramid (<c>decoder_atrous_rates</c>).</summary>
    public IReadOnlyList<int> AtrousRates { get; init; } = [12, 24, 36];

    /// <summary>Whether the atrous pyramid is separable (<c>decoder_aspp_separable</c>).</summary>
    public bool? AsppSeparable { get; init; }

    /// <summary>The factor between decoder and mask (<c>upsampling</c>).</summary>
    public int? Upsampling { get; init; }

    /// <summary>The classification head, if there is one (<c>aux_params</c>).</summary>
    public LabelOptions? Label { get; init; }

    /// <summary>Whether a checkpoint holds encoder stages that are not used: the library does so up to 0.5.</summary>
    public bool KeepsUnusedStages { get; init; } = true;

    /// <summary>How EfficientNets pad.</summary>
    public EfficientNetPadding EfficientNetPadding { get; init; }
}
