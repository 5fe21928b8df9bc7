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
