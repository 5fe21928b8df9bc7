using LungSeg.Engine.Ops;
using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>
/// Group normalisation: moments of parts of the image, a scale and a shift for each image and channel, and their application.
/// </summary>
internal sealed class GroupNorm(Tensor node, GroupNormOp op, PrecisionKernels kernels) : CudaOp(node)
{
    private const int PixelsOfPart = 256, MaxParts = 64;
    private readonly bool _single = node.Shape.C == 1;
    private readonly GroupNormParameters _sizes = new()
    {
        Input = new CudaMap(0, node.Shape),
        ChannelStride = CudaMap.Padded(node.Shape.C),
        Parts = Math.Clamp(node.Shape.H * node.Shape.W / PixelsOfPart, 1, MaxParts),
        Groups = op.Groups,
        Batch = node.Shape.N,
        Epsilon = op.Eps,
    };

    public override IReadOnlyList<long> Workspaces =>
        [_sizes.PartialFloats * sizeof(float), _sizes.CoefficientFloats * sizeof(float), _sizes.CoefficientFloats * sizeof(float)];

    public override void Bind(Binder binder)
    {
        CudaMap input = binder[Node.Inputs[0]], target = binder[Node];
        int channels = _sizes.ChannelStride;
        KernelInfo moments = kernels.One(KernelFamily.GroupNormMoments, Node, _single);
        GroupNormParameters parameters = _sizes with
        {
            Input = input,
            Partial = binder.Workspace(Node, 0),
            Weight = (long)binder.Weights(op, WeightLayout.Scale, channels, () => ChannelPadding.Pad(op.Weight.Read())),
            Bias = (long)binder.Weights(op, WeightLayout.Shift, channels, () => ChannelPadding.Pad(op.Bias.Read())),
            Scale = binder.Workspace(Node, 1),
            Shift = binder.Workspace(Node, 2),
        };
        binder.Launch(Node, moments, parameters.MomentsGrid(moments.Width), parameters);
        binder.Launch(Node, kernels.Named(KernelFamily.GroupNormScale, Node), parameters.ScaleGrid, parameters);
        binder.LaunchItems(Node, kernels.One(KernelFamily.ScaleShift, Node, _single), target.Items, new PixelParameters
        {
            Input = input,
            Output = target,
            Scale = parameters.Scale,
            Shift = parameters.Shift,
            ImageStride = channels,
            Batch = parameters.Batch,
            Activation = op.Activation,
        });
    }
}
