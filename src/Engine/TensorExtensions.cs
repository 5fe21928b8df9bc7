using LungSeg.Engine.Ops;

namespace LungSeg.Engine;

/// <summary>The functional operations, named as in PyTorch.</summary>
internal static class TensorExtensions
{
    /// <summary>max(x, 0).</summary>
    public static Tensor ReLU(this Tensor x) => x.Apply(new ActivationOp(Activation.ReLU));

    /// <summary>x · sigmoid(x), also called swish.</summary>
    public static Tensor SiLU(this Tensor x) => x.Apply(new ActivationOp(Activation.SiLU));

    /// <summary>1 / (1 + exp(−x)).</summary>
    public static Tensor Sigmoid(this Tensor x) => x.Apply(new ActivationOp(Activation.Sigmoid));

    /// <summary>Softmax over the parts of the channels; see <see cref="SoftmaxOp"/>.</summary>
    public static Tensor Softmax(this Tensor x, int radix, int cardinality = 1) => x.Apply(new SoftmaxOp(radix, cardinality));

    /// <summary>A run of neighbouring channels.</summary>
    public static Tensor Slice(this Tensor x, int start, int count) => x.Apply(new SliceOp(start, count));

    /// <summary>Element-wise sum.</summary>
    public static Tensor Add(this Tensor x, Tensor other) => x.Apply(new AddOp(), other);

    /// <summary>Element-wise product.</summary>
    public static Tensor Mul(this Tensor x, Tensor other) => x.Apply(new MulOp(), other);

    /// <summary>Max pooling.</summary>
    public static Tensor MaxPool2d(this Tensor x, int kernelSize, int stride, int padding = 0, bool ceilMode = false) =>
        x.Apply(new MaxPool2dOp(kernelSize, stride, padding, ceilMode));

    /// <summary>Average pooling over windows.</summary>
    public static Tensor AvgPool2d(this Tensor x, int kernelSize, int stride, int padding = 0, bool ceilMode = false,
        bool countIncludePad = true) =>
        x.Apply(new AvgPool2dOp(new PoolWindow(kernelSize, stride, padding, ceilMode), countIncludePad));

    /// <summary>Average pooling to a square of the given size.</summary>
    public static Tensor AdaptiveAvgPool2d(this Tensor x, int outputSize) => x.Apply(new AdaptiveAvgPool2dOp(outputSize));

    /// <summary>Nearest-neighbour upsampling.</summary>
    public static Tensor UpsampleNearest(this Tensor x, int scale) => x.Apply(new UpsampleNearestOp(scale));

    /// <summary>Bilinear upsampling by a whole factor.</summary>
    public static Tensor UpsampleBilinear(this Tensor x, int scale, bool alignCorners) =>
        x.Apply(new UpsampleBilinearOp(scale, alignCorners));

    /// <summary>Bilinear resizing to the height and width of another tensor.</summary>
    public static Tensor UpsampleBilinear(this Tensor x, Tensor like, bool alignCorners) =>
        x.Apply(new UpsampleBilinearOp(0, alignCorners), like);
}
