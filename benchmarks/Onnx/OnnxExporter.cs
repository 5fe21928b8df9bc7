using LungSeg.Engine;
using LungSeg.Engine.Ops;

namespace LungSeg.Benchmarks.Onnx;

/// <summary>
/// Writes a graph as an ONNX model (opset 17) of the graph's own input shape, in the operators that PyTorch's exporter would
/// choose, so that a peer's optimiser finds the patterns that it knows.
/// </summary>
internal static class OnnxExporter
{
    public static byte[] Export(Graph graph) => OnnxModel.Write(graph.Input.Shape, graph.Outputs[0].Shape, (model, input) =>
    {
        var names = new Dictionary<Tensor, string> { [graph.Input] = input };
        foreach (Tensor node in graph.Nodes.Skip(1))
            names[node] = Activate(model, node, Compute(model, node, [.. node.Inputs.Select(tensor => names[tensor])]));
        return names[graph.Outputs[0]];
    });

    private static string Compute(OnnxModel model, Tensor node, string[] inputs)
    {
        string path = node.Path;
        return node.Op switch
        {
            Conv2dOp op => Conv2d(model, op, path, inputs),
            ConvTranspose2dOp op => model.Node(
                "ConvTranspose", path,
                op.Bias is null ? [inputs[0], model.Weight(op.Weight)] : [inputs[0], model.Weight(op.Weight), model.Weight(op.Bias)],
                ("kernel_shape", [op.R, op.S]), ("strides", [op.Stride, op.Stride]),
                ("pads", [op.Padding, op.Padding, op.Padding, op.Padding])),
            BatchNormOp op => model.Node(
                "BatchNormalization", path,
                [inputs[0], model.Weight(op.Weight), model.Weight(op.Bias), model.Weight(op.Mean), model.Weight(op.Variance)],
                ("epsilon", op.Eps)),
            GroupNormOp op => GroupNorm(model, op, node, inputs[0]),
            ChannelNormOp op => ChannelNorm(model, op, node, inputs[0]),
            ActivationOp op => Activate(model, op.Function, path, inputs[0]),
            MaxPool2dOp op => MaxPool2d(model, op, node, inputs[0]),
            AvgPool2dOp op => OnnxPooling.Average(model, op, node, inputs[0]),
            AdaptiveAvgPool2dOp op => OnnxPooling.AdaptiveAverage(model, op, node, inputs[0]),
            UpsampleNearestOp op => model.Node(
                "Resize", path, [inputs[0], "", model.Floats($"{path}.scales", 1, 1, op.Scale, op.Scale)],
                ("mode", "nearest"), ("coordinate_transformation_mode", "asymmetric"), ("nearest_mode", "floor")),
            UpsampleBilinearOp op => model.Node(
                "Resize", path, [inputs[0], "", "", Sizes(model, node)],
                ("mode", "linear"), ("coordinate_transformation_mode", op.AlignCorners ? "align_corners" : "half_pixel")),
            ConcatOp => model.Node("Concat", path, inputs, ("axis", 1)),
            SliceOp op => model.Node(
                "Slice", path,
                [
                    inputs[0],
                    model.Ints($"{path}.start", op.Start), model.Ints($"{path}.end", op.Start + op.Count), model.Ints($"{path}.axis", 1),
                ]),
            SoftmaxOp op => Softmax(model, op, node, inputs[0]),
            AddOp => model.Node("Add", path, inputs),
            MulOp => model.Node("Mul", path, inputs),
            PositionAttentionOp => PositionAttention(model, node, inputs),
            _ => throw new NotSupportedException($"{path}: the ONNX exporter does not know '{node.Op.Name}'"),
        };
    }

    private static string Conv2d(OnnxModel model, Conv2dOp op, string path, string[] inputs)
    {
        string conv = model.Node(
            "Conv", path,
            op.Bias is null ? [inputs[0], model.Weight(op.Weight)] : [inputs[0], model.Weight(op.Weight), model.Weight(op.Bias)],
            ("kernel_shape", [op.R, op.S]), ("strides", [op.Stride, op.Stride]), ("dilations", [op.Dilation, op.Dilation]),
            ("pads", [op.Padding.Top, op.Padding.Left, op.Padding.Bottom, op.Padding.Right]), ("group", op.Groups));
        return op.Residual ? model.Node("Add", $"{path}.residual", [conv, inputs[1]]) : conv;
    }

    private static string Activate(OnnxModel model, Tensor node, string value) =>
        node.Op is ActivatedOp { Activation: not Activation.None and var function } ? Activate(model, function, node.Path, value) : value;

    private static string Activate(OnnxModel model, Activation function, string path, string value) => function switch
    {
        Activation.ReLU => model.Node("Relu", path, [value]),
        Activation.Sigmoid => model.Node("Sigmoid", path, [value]),
        Activation.SiLU => model.Node("Mul", path, [value, model.Node("Sigmoid", $"{path}.sigmoid", [value])]),
        Activation.ReLU6 => model.Node("Clip", path, [value, model.Scalar($"{path}.low", 0), model.Scalar($"{path}.high", 6)]),
        Activation.HardSigmoid => model.Node("HardSigmoid", path, [value], ("alpha", 1f / 6), ("beta", 0.5f)),
        Activation.HardSwish => model.Node("HardSwish", path, [value]),
        Activation.None => model.Node("Identity", path, [value]),
        _ => throw new NotSupportedException($"{path}: the ONNX exporter does not know '{function}'"),
    };

    private static string Softmax(OnnxModel model, SoftmaxOp op, Tensor node, string x)
    {
        string path = node.Path;
        (int n, int c, int h, int w) = node.Shape;
        int width = c / (op.Radix * op.Cardinality);
        string shape = model.Ints($"{path}.parts_shape", n, op.Cardinality, op.Radix, width, h * w);
        string parts = model.Node("Reshape", $"{path}.parts", [x, shape]);
        string softmax = model.Node("Softmax", $"{path}.softmax", [parts], ("axis", 2));
        string turned = model.Node("Transpose", $"{path}.turned", [softmax], ("perm", [0, 2, 1, 3, 4]));
        return model.Node("Reshape", path, [turned, Dims(model, node, $"{path}.shape")]);
    }

    // Opset 17 has no group norm: an instance norm over [N, groups, rest] with unit gain, then the channels' own gain and bias.
    private static string GroupNorm(OnnxModel model, GroupNormOp op, Tensor node, string x)
    {
        string path = node.Path;
        string grouped = model.Node("Reshape", $"{path}.grouped", [x, model.Ints($"{path}.groups", node.Shape.N, op.Groups, -1)]);
        var ones = new float[op.Groups];
        Array.Fill(ones, 1);
        string normed = model.Node(
            "InstanceNormalization", $"{path}.normed",
            [grouped, model.Floats($"{path}.ones", ones), model.Floats($"{path}.zeros", new float[op.Groups])], ("epsilon", op.Eps));
        string map = model.Node("Reshape", $"{path}.map", [normed, Dims(model, node, $"{path}.shape")]);
        string scaled = model.Node("Mul", $"{path}.scaled", [map, model.Weight(op.Weight, node.Shape.C, 1, 1)]);
        return model.Node("Add", path, [scaled, model.Weight(op.Bias, node.Shape.C, 1, 1)]);
    }

    // LayerNormalization is over the last dimensions.
    private static string ChannelNorm(OnnxModel model, ChannelNormOp op, Tensor node, string x)
    {
        string path = node.Path;
        string last = model.Node("Transpose", $"{path}.last", [x], ("perm", [0, 2, 3, 1]));
        string normed = model.Node(
            "LayerNormalization", $"{path}.normed", [last, model.Weight(op.Weight), model.Weight(op.Bias)],
            ("axis", -1), ("epsilon", op.Eps));
        return model.Node("Transpose", path, [normed], ("perm", [0, 3, 1, 2]));
    }

    // The far padding is written out instead of ceil_mode: runtimes disagree on a last window that starts in the padding.
    private static string MaxPool2d(OnnxModel model, MaxPool2dOp op, Tensor node, string x)
    {
        (Shape from, Shape to) = (node.Inputs[0].Shape, node.Shape);
        return model.Node(
            "MaxPool", node.Path, [x],
            ("kernel_shape", [op.KernelSize, op.KernelSize]), ("strides", [op.Stride, op.Stride]),
            ("pads", [op.Padding, op.Padding, Far(from.H, to.H), Far(from.W, to.W)]));

        long Far(int size, int extent) =>
            op.CeilMode ? Math.Max(0, ((extent - 1) * op.Stride) + op.KernelSize - size - op.Padding) : op.Padding;
    }

    private static string PositionAttention(OnnxModel model, Tensor node, string[] inputs)
    {
        string path = node.Path;
        int n = node.Shape.N, pixels = node.Shape.H * node.Shape.W;
        string top = Flat(0), center = Transposed(Flat(1), "center"), bottom = Transposed(Flat(2), "bottom");
        string product = model.Node("MatMul", $"{path}.product", [center, top]);
        string row = model.Node("Reshape", $"{path}.row", [product, model.Ints($"{path}.row_shape", n, -1)]);
        string softmax = model.Node("Softmax", $"{path}.softmax", [row], ("axis", -1));
        string map = model.Node("Reshape", $"{path}.map", [softmax, model.Ints($"{path}.map_shape", n, pixels, pixels)]);
        string result = model.Node("MatMul", $"{path}.result", [map, bottom]);
        return model.Node("Reshape", path, [result, Dims(model, node, $"{path}.shape")]);

        string Flat(int index) => model.Node(
            "Reshape", $"{path}.flat{index}",
            [inputs[index], model.Ints($"{path}.flat{index}_shape", n, node.Inputs[index].Shape.C, pixels)]);
        string Transposed(string flat, string name) => model.Node("Transpose", $"{path}.{name}", [flat], ("perm", [0, 2, 1]));
    }

    private static string Sizes(OnnxModel model, Tensor node) => Dims(model, node, $"{node.Path}.sizes");

    private static string Dims(OnnxModel model, Tensor node, string path) =>
        model.Ints(path, node.Shape.N, node.Shape.C, node.Shape.H, node.Shape.W);
}
