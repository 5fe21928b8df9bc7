using LungSeg.Engine.Ops;
using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda.Convolution;

/// <summary>A 1x1 convolution of few pixels, as on pooled maps: a warp for each result.</summary>
internal sealed class LinearConv(Tensor node, Conv2dOp op, PrecisionKernels kernels) : CudaOp(node)
{
    private const int Warp = 32, MaxPixels = 36;
    private readonly KernelInfo _kernel = kernels.One(KernelFamily.Linear, node);

    /// <summary>By the size of one image, so that a batch takes the same kernel.</summary>
    public static bool Takes(Tensor node, Conv2dOp op) => op is { R: 1, S: 1, Stride: 1, Groups: 1, C: > 1, K: > 1 }
        && op.Padding == default && node.Shape.H * node.Shape.W <= MaxPixels;

    public override void Bind(Binder binder)
    {
        CudaMap input = binder[Node.Inputs[0]], output = binder[Node];
        binder.LaunchItems(Node, _kernel, (long)output.Shape.H * output.Shape.W * CudaMap.Padded(op.K) * Warp, new LinearParameters
        {
            Input = input,
            Output = output,
            Residual = op.Residual ? binder[Node.Inputs[1]] : default(DeviceMap),
            Weights = (long)Rows(binder, op),
            Bias = (long)binder.Weights(op, WeightLayout.Bias, CudaMap.Padded(op.K), () => DirectConv.Bias(ConvWeights.Of(op))),
            Batch = output.Shape.N,
            Activation = op.Activation,
        });
    }

    /// <summary>A 1x1 convolution's filters, each padded with zeros to whole vectors, in the maps' type.</summary>
    public static ulong Rows(Binder binder, Conv2dOp op)
    {
        int stride = (op.C + CudaMap.Lanes - 1) / CudaMap.Lanes * CudaMap.Lanes;
        return binder.StoredWeights(op, WeightLayout.Rows, (long)op.K * stride, () =>
        {
            float[] values = op.Weight.Read(), packed = new float[op.K * stride];
            for (int k = 0; k < op.K; k++) Array.Copy(values, k * op.C, packed, k * stride, op.C);
            return packed;
        });
    }
}
