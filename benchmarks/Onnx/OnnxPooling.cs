using LungSeg.Engine;
using LungSeg.Engine.Ops;

namespace LungSeg.Benchmarks.Onnx;

/// <summary>ONNX has no adaptive pooling: the cheapest of its operators that gives the same bins.</summary>
internal static class OnnxPooling
{
    public static string AdaptiveAverage(OnnxModel model, AdaptiveAvgPool2dOp op, Tensor node, string x)
    {
        Shape from = node.Inputs[0].Shape;
        if (op.OutputSize == 1) return model.Node("GlobalAveragePool", node.Path, [x]);
        if (from.H % op.OutputSize == 0 && from.W % op.OutputSize == 0)
        {
            long[] window = [from.H / op.OutputSize, from.W / op.OutputSize];
            return model.Node("AveragePool", node.Path, [x], ("kernel_shape", window), ("strides", window));
        }
        // The mean of a rectangle is the mean over columns of the means over rows, so each axis is binned by itself.
        string rows = Axis(model, op, $"{node.Path}.rows", x, 2, from.H);
        return Axis(model, op, node.Path, rows, 3, from.W);
    }

    /// <summary>
    /// Sums of whole windows, divided by each pixel's own divisor: runtimes disagree on what counts in a window that hangs over the
    /// padding.
    /// </summary>
    public static string Average(OnnxModel model, AvgPool2dOp op, Tensor node, string x)
    {
        (Shape from, Shape to) = (node.Inputs[0].Shape, node.Shape);
        PoolWindow window = op.Window;
        string means = model.Node(
            "AveragePool", $"{node.Path}.means", [x],
            ("kernel_shape", [window.KernelSize, window.KernelSize]), ("strides", [window.Stride, window.Stride]),
            ("pads", [window.Padding, window.Padding, Far(from.H, to.H), Far(from.W, to.W)]), ("count_include_pad", 1));
        float[] ratios = new float[to.H * to.W];
        for (int i = 0; i < ratios.Length; i++)
            ratios[i] = (float)window.KernelSize * window.KernelSize / op.Divisor(i / to.W, i % to.W, from.H, from.W);
        string shape = model.Ints($"{node.Path}.ratio_shape", 1, 1, to.H, to.W);
        string map = model.Node("Reshape", $"{node.Path}.ratios", [model.Floats($"{node.Path}.ratio", ratios), shape]);
        return model.Node("Mul", node.Path, [means, map]);

        long Far(int size, int extent) => Math.Max(0, ((extent - 1) * window.Stride) + window.KernelSize - size - window.Padding);
    }

    private static string Axis(OnnxModel model, AdaptiveAvgPool2dOp op, string path, string x, int axis, int size)
    {
        var bins = new string[op.OutputSize];
        for (int i = 0; i < bins.Length; i++)
        {
            (int start, int end) = op.Bin(i, size);
            string slice = model.Node(
                "Slice", $"{path}.slice",
                [x, model.Ints($"{path}.start", start), model.Ints($"{path}.end", end), model.Ints($"{path}.axis", axis)]);
            bins[i] = model.Node("ReduceMean", $"{path}.mean", [slice], ("axes", [axis]), ("keepdims", 1));
        }
        return model.Node("Concat", path, bins, ("axis", axis));
    }
}
