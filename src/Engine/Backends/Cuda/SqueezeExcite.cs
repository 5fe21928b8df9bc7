using LungSeg.Engine.Backends.Cuda.Convolution;
using LungSeg.Engine.Ops;
using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>A squeeze-and-excite block: the map whose mean is taken, and its two 1x1 convolutions.</summary>
internal sealed record SqueezeExciteBlock(Tensor Source, Conv2dOp Reduce, Conv2dOp Expand);

/// <summary>A squeeze-and-excite gate in two launches: sums of the map, then both convolutions of the mean at once.</summary>
internal sealed class SqueezeExcite(Tensor node, SqueezeExciteBlock block, PrecisionKernels kernels) : CudaOp(node)
{
    private const int MaxHidden = 512;
    private readonly KernelInfo _kernel = kernels.One(KernelFamily.SqueezeExcite, node);
    private readonly PoolParameters _sums = AdaptiveAvgPool2d.Sums(block.Source.Shape, 1);

    public override IReadOnlyList<long> Workspaces => [_sums.PartialFloats * sizeof(float)];

    /// <summary>Whether the hidden layer fits into the kernel's shared memory.</summary>
    public static bool Takes(Conv2dOp expand) => expand.C <= MaxHidden;

    public override void Bind(Binder binder)
    {
        CudaMap output = binder[Node];
        PoolParameters sums = AdaptiveAvgPool2d.LaunchSums(Node, _sums, binder[block.Source], kernels, binder);
        binder.Launch(Node, _kernel, new GridSize(output.Shape.N), new SqueezeExciteParameters
        {
            Output = output,
            Partial = sums.Partial,
            ReduceWeights = (long)LinearConv.Rows(binder, block.Reduce),
            ReduceBias = (long)binder.Weights(block.Reduce, WeightLayout.Bias, CudaMap.Padded(block.Reduce.K),
                () => DirectConv.Bias(ConvWeights.Of(block.Reduce))),
            ExpandWeights = (long)LinearConv.Rows(binder, block.Expand),
            ExpandBias = (long)binder.Weights(block.Expand, WeightLayout.Bias, CudaMap.Padded(block.Expand.K),
                () => DirectConv.Bias(ConvWeights.Of(block.Expand))),
            PartialStride = sums.PartialStride,
            Parts = sums.Parts,
            Batch = output.Shape.N,
            Hidden = block.Reduce.K,
            Scale = 1f / (block.Source.Shape.H * block.Source.Shape.W),
            Activation = block.Reduce.Activation,
        });
    }
}
