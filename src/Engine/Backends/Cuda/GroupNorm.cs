using LungSeg.Engine.Ops;
using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>Group normalisation: moments of parts of the picture, a scale and a shift for each image and channel, and their application.</summary>
internal sealed class GroupNorm(Tensor node, GroupNormOp op, PrecisionKernels kernels) : Routine(node)
{
    private const int PixelsOfPart = 256, MostParts = 64;
    private readonly bool _single = node.Shape.C == 1;
    private readonly int _channels = CudaMap.Padded(node.Shape.C);
    private readonly int _parts = Math.Clamp(node.Shape.H * node.Shape.W / PixelsOfPart, 1, MostParts);

    private long PartialFloats => (long)_parts * Node.Shape.N * 2 * _channels;

    private long CoefficientFloats => (long)Node.Shape.N * _channels;

    public override long TemporaryBytes => (PartialFloats + (2 * CoefficientFloats)) * sizeof(float);

    public override void Bind(Binder binder)
    {
        CudaMap input = binder[Node.Inputs[0]], target = binder[Node];
        int batch = target.Shape.N;
        long partial = (long)binder.Temporary(Node), scale = partial + (PartialFloats * sizeof(float)), shift = scale + (CoefficientFloats * sizeof(float));
        var parameters = new GroupNormParameters
        {
            Input = input,
            Partial = partial,
            Weight = (long)binder.Weights(op, "weight", _channels, () => ChannelPadding.Pad(op.Weight.Read())),
            Bias = (long)binder.Weights(op, "bias", _channels, () => ChannelPadding.Pad(op.Bias.Read())),
            Scale = scale,
            Shift = shift,
            ChannelStride = _channels,
            Parts = _parts,
            Groups = op.Groups,
            Batch = batch,
            Epsilon = op.Eps,
        };
        binder.Launch(
            Node, kernels.One("group_norm_moments", Node, _single), new Grid((input.Vectors + CudaMap.Lanes - 1) / CudaMap.Lanes, _parts, batch), parameters);
        binder.Launch(Node, kernels.Named("group_norm_scale", Node), new Grid(op.Groups, batch), parameters);
        binder.LaunchItems(Node, kernels.One("scale_shift", Node, _single), target.Items, new PixelParameters
        {
            Input = input,
            Output = target,
            Scale = scale,
            Shift = shift,
            ImageStride = _channels,
            Batch = batch,
            Activation = (int)op.Activation,
        });
    }
}
