namespace LungSeg.Models;

/// <summary>
/// For which size efficientnet-pytorch computes TensorFlow's padding. The two differ where a layer's own size is odd; a checkpoint does
/// not say which its network was trained with.
/// </summary>
public enum EfficientNetPadding
{
    /// <summary>
    /// Each layer's own size for the encoder's nominal image: efficientnet-pytorch 0.7 on, and with it the library from 0.3 on.
    /// </summary>
    OfLayer,

    /// <summary>The encoder's nominal image size in every layer: efficientnet-pytorch 0.6.3, as the study had it.</summary>
    OfImage,
}
