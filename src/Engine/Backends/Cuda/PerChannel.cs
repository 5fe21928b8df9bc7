using LungSeg.Engine.Ops;
using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>A batch norm that no convolution took over, or an activation of its own: x · scale + shift and the activation.</summary>
internal sealed class PerChannel(Tensor node, PrecisionKernels kernels) : Routine(node)
{
    private readonly KernelInfo _kernel = kernels.One("scale_shift", node, node.Shape.C == 1);

    public override void Bind(Binder binder)
    {
        CudaMap target = binder[Node];
        var parameters = new PixelParameters { Input = binder[Node.Inputs[0]], Output = target, Batch = target.Shape.N };
        if (Node.Op is BatchNormOp norm)
        {
            int channels = CudaMap.Padded(Node.Shape.C);
            parameters.Scale = (long)binder.Weights(norm, "scale", channels, () => Coefficients(norm, (gain, _, _) => gain));
            parameters.Shift = (long)binder.Weights(norm, "shift", channels, () => Coefficients(norm, (gain, mean, bias) => bias - (mean * gain)));
            parameters.Activation = (int)norm.Activation;
        }
        else
        {
            parameters.Activation = (int)((ActivationOp)Node.Op).Function;
        }
        binder.LaunchItems(Node, _kernel, target.Items, parameters);
    }

    private static float[] Coefficients(BatchNormOp op, Func<double, double, double, double> of)
    {
        float[] weight = op.Weight.Read(), bias = op.Bias.Read(), mean = op.Mean.Read(), variance = op.Variance.Read();
        var result = new float[CudaMap.Padded(weight.Length)];
        for (int c = 0; c < weight.Length; c++) result[c] = (float)of(weight[c] / Math.Sqrt(variance[c] + (double)op.Eps), mean[c], bias[c]);
        return result;
    }
}
