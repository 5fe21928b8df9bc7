using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Reference;

/// <summary>Computes <paramref name="y"/>, which comes zeroed, from the inputs.</summary>
internal delegate void Kernel(Map[] x, Map y);

/// <summary>Which loops run which operation; the one place that knows of fused residuals and activations.</summary>
internal static class Kernels
{
    /// <summary>A node's kernel with its weights read; throws <see cref="DeviceException"/> for an unknown operation.</summary>
    public static Kernel Bind(Tensor node)
    {
        if (node.IsInteger || node.Quantization is not null || node.Op is DequantizeOp) return IntegerKernels.Bind(node);
        Kernel own = Own(node);
        bool residual = node.Op is Conv2dOp { Residual: true };
        Activation activation = node.Op is ActivatedOp op ? op.Activation : Activation.None;
        if (!residual && activation == Activation.None) return own;
        return (x, y) =>
        {
            own(x, y);
            if (residual) Add.Run(y, x[1], y);
            Activations.Run(activation, y, y);
        };
    }

    private static Kernel Own(Tensor node) => node.Op switch
    {
        InputOp => Nothing,
        Conv2dOp op => Conv2d.Bind(op),
        ConvTranspose2dOp op => ConvTranspose2d.Bind(op),
        BatchNormOp op => BatchNorm.Bind(op),
        GroupNormOp op => GroupNorm.Bind(op),
        ChannelNormOp op => ChannelNorm.Bind(op),
        ActivationOp op => (x, y) => Activations.Run(op.Function, x[0], y),
        MaxPool2dOp op => (x, y) => MaxPool2d.Run(op, x[0], y),
        AvgPool2dOp op => (x, y) => AvgPool2d.Run(op, x[0], y),
        SliceOp op => (x, y) => Slice.Run(op, x[0], y),
        SoftmaxOp op => (x, y) => Softmax.Run(op, x[0], y),
        AdaptiveAvgPool2dOp op => (x, y) => AdaptiveAvgPool2d.Run(op, x[0], y),
        UpsampleNearestOp op => (x, y) => UpsampleNearest.Run(op, x[0], y),
        UpsampleBilinearOp op => (x, y) => UpsampleBilinear.Run(op, x[0], y),
        ConcatOp => Concat.Run,
        AddOp => (x, y) => Add.Run(x[0], x[1], y),
        MulOp => (x, y) => Mul.Run(x[0], x[1], y),
        PositionAttentionOp => (x, y) => PositionAttention.Run(x[0], x[1], x[2], y),
        _ => throw new DeviceException($"{node.Path}: the reference backend has no kernel for the operation '{node.Op.Name}'"),
    };

    // The plan fills the input's map.
    private static void Nothing(Map[] x, Map y) { }
}
