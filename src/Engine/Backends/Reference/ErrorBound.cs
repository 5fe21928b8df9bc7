using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Backends.Reference;

/// <summary>
/// Running error analysis: beside each value that the reference computes goes a bound on how far a backend of a stated
/// arithmetic may be from it. A linear operation carries its input's bound through the absolute values of its weights, and adds
/// its own roundings in proportion to the sum of the absolute values of its terms.
/// </summary>
internal static class ErrorBound
{
    /// <summary>
    /// The outputs' values in NCHW order as the reference computes them, and for each value how far a backend may be from it.
    /// </summary>
    public static IReadOnlyList<(float[] Values, float[] Bounds)> Of(Graph graph, float[] input, Arithmetic arithmetic) =>
        [.. Evaluate(graph, input, arithmetic).Select(output => (output.Value.Values, output.Bound.Values))];

    /// <summary>Values and bounds of the graph's outputs.</summary>
    internal static IReadOnlyList<(Map Value, Map Bound)> Evaluate(Graph graph, float[] input, Arithmetic arithmetic)
    {
        var known = new Dictionary<Tensor, (Map Value, Map Bound)>();
        foreach (Tensor node in graph.Nodes)
        {
            (Map Value, Map Bound)[] inputs = [.. node.Inputs.Select(tensor => known[tensor])];
            Map[] x = [.. inputs.Select(p => p.Value)], e = [.. inputs.Select(p => p.Bound)];
            var y = new Map(node.Shape);
            if (node.Op is InputOp) input.CopyTo(y.Values, 0);
            else Kernels.Bind(node)(x, y);
            known[node] = (y, Stored(y, Activated(node, y, Bound(node, x, e, y, arithmetic), arithmetic), arithmetic));
        }
        return [.. graph.Outputs.Select(output => known[output])];
    }

    private static Map Bound(Tensor node, Map[] x, Map[] e, Map y, Arithmetic arithmetic)
    {
        double u = arithmetic.UnitRoundoff;
        switch (node.Op)
        {
            case InputOp:
                return new Map(y.Shape);
            case Conv2dOp op:
                Conv2dOp plain = op with { Weight = Abs(op.Weight)!, Bias = Abs(op.Bias), Residual = false, Activation = Activation.None };
                double convolved = arithmetic.Products((op.C / op.Groups * op.R * op.S) + 2);
                Map own = Linear(node, plain with { Bias = null }, plain, x[0], e[0], convolved);
                if (arithmetic.Filters(op)) own = Filtered(node, plain, x[0], own, convolved * arithmetic.Filtering);
                double added = arithmetic.Sum((op.C / op.Groups * op.R * op.S) + 2);
                return op.Residual ? Each(y.Shape, i => own.Values[i] + e[1].Values[i] + (added * Math.Abs(x[1].Values[i]))) : own;
            case ConvTranspose2dOp op:
                ConvTranspose2dOp transposed = op with { Weight = Abs(op.Weight)!, Bias = Abs(op.Bias), Activation = Activation.None };
                return Linear(node, transposed with { Bias = null }, transposed, x[0], e[0], arithmetic.Products((op.C * op.R * op.S) + 1));
            case BatchNormOp op:
                // The gain, the product and the shift are rounded; folded, the shift is one more term of the convolution's sum.
                double roundoff = 2 * arithmetic.Products(Terms(node.Inputs[0]));
                float[] gain = op.Weight.Read(), shift = op.Bias.Read(), mean = op.Mean.Read(), variance = op.Variance.Read();
                return EachChannel(y.Shape, (i, c) =>
                {
                    double g = Math.Abs(gain[c]) / Math.Sqrt((double)variance[c] + op.Eps);
                    return (g * e[0].Values[i]) + (roundoff * ((g * (Math.Abs(x[0].Values[i]) + Math.Abs(mean[c]))) + Math.Abs(shift[c])));
                });
            case GroupNormOp op:
                return GroupNormBound.Of(op, x[0], e[0], arithmetic);
            case ChannelNormOp op:
                return ChannelNorm.Bound(op, x[0], e[0], arithmetic);
            case ActivationOp op:
                return Activation1(op.Function, y, e[0], u);
            case AdaptiveAvgPool2dOp op:
                (int rows, int columns) = (x[0].Shape.H / op.OutputSize, x[0].Shape.W / op.OutputSize);
                return Linear(node, op, op, x[0], e[0], arithmetic.Sum((rows + 2) * (columns + 2)));
            case AvgPool2dOp op:
                return Linear(node, op, op, x[0], e[0], arithmetic.Sum((op.Window.KernelSize * op.Window.KernelSize) + 2));
            case SoftmaxOp op:
                // Scores that are off by at most d move a share p by at most a factor of exp(2d); a shift and an exponential round too.
                Map off = Each(y.Shape, i => 0);
                ForEachPart(op, y.Shape, (from, to) =>
                {
                    double worst = from.Max(i => e[0].Values[i] + (2 * u * Math.Abs(x[0].Values[i])));
                    double factor = Math.Exp(2 * worst) - 1 + arithmetic.Sum(op.Radix) + (16 * u);
                    foreach (int i in to) off.Values[i] = (float)((factor * y.Values[i]) + arithmetic.Subnormal);
                });
                return off;
            case UpsampleBilinearOp op:
                UpsampleBilinearOp resize = op with { Activation = Activation.None };
                return Linear(node, resize, resize, x[0], e[0], 8 * u);
            case MaxPool2dOp or UpsampleNearestOp or ConcatOp or SliceOp:
                return Apply(node, node.Op, e);
            case AddOp:
                // Fused, the one operand is one more term of the convolution that makes the other.
                double sum = arithmetic.Sum(Math.Max(Terms(node.Inputs[0]), Terms(node.Inputs[1])) + 1);
                return Zip(y.Shape, x, e, (a, b, da, db) => da + db + (sum * (Math.Abs(a) + Math.Abs(b))));
            case MulOp:
                return Zip(y.Shape, x, e, (a, b, da, db) =>
                    (Math.Abs(a) * db) + (Math.Abs(b) * da) + (da * db) + (2 * u * Math.Abs(a * b)));
            case PositionAttentionOp:
                return Attention(node, x, e, arithmetic);
            default:
                throw new InvalidOperationException($"no error bound for '{node.Op.Name}'");
        }
    }

    private static Map Stored(Map y, Map bound, Arithmetic arithmetic) => arithmetic.Storage == 0
        ? bound
        : Each(y.Shape, i => bound.Values[i] + (arithmetic.Storage * (Math.Abs(y.Values[i]) + bound.Values[i])) + arithmetic.Subnormal);

    private static Map Activated(Tensor node, Map y, Map bound, Arithmetic arithmetic) =>
        node.Op is ActivatedOp { Activation: not Activation.None } op ? Activation1(op.Activation, y, bound, arithmetic.UnitRoundoff)
        : bound;

    // The steepest slope of each function, and a few roundings for an approximate exponential.
    private static Map Activation1(Activation function, Map y, Map e, double u) => function switch
    {
        Activation.SiLU => Each(y.Shape, i => (1.1 * e.Values[i]) + (8 * u * (1 + Math.Abs(y.Values[i])))),
        Activation.Sigmoid => Each(y.Shape, i => (0.25 * e.Values[i]) + (8 * u)),
        Activation.HardSigmoid => Each(y.Shape, i => (e.Values[i] / 6) + (4 * u)),
        Activation.HardSwish => Each(y.Shape, i => (1.5 * e.Values[i]) + (4 * u * (1 + Math.Abs(y.Values[i])))),
        _ => e,
    };

    // For each softmax, the indices of the values that it reads and of those that it writes.
    private static void ForEachPart(SoftmaxOp op, Shape shape, Action<int[], int[]> part)
    {
        int pixels = shape.H * shape.W, width = shape.C / (op.Radix * op.Cardinality);
        for (int n = 0; n < shape.N; n++)
        {
            for (int cardinal = 0; cardinal < op.Cardinality; cardinal++)
            {
                for (int c = 0; c < width; c++)
                {
                    (int From, int To)[] channels = [.. Enumerable.Range(0, op.Radix).Select(r => op.Channel(cardinal, r, c, shape.C))];
                    for (int pixel = 0; pixel < pixels; pixel++)
                    {
                        part([.. channels.Select(pair => (((n * shape.C) + pair.From) * pixels) + pixel)],
                            [.. channels.Select(pair => (((n * shape.C) + pair.To) * pixels) + pixel)]);
                    }
                }
            }
        }
    }

    private static Map Linear(Tensor node, Op carry, Op sum, Map x, Map e, double roundoff)
    {
        Map carried = Apply(node, carry, [e]), size = Apply(node, sum, [Each(x.Shape, i => Math.Abs(x.Values[i]))]);
        return Each(node.Shape, i => carried.Values[i] + (roundoff * size.Values[i]));
    }

    // A tile's roundings reach all of its pixels: they count from the largest sum of the channel's map.
    private static Map Filtered(Tensor node, Op sum, Map x, Map bound, double roundoff)
    {
        Map size = Apply(node, sum, [Each(x.Shape, i => Math.Abs(x.Values[i]))]);
        int pixels = node.Shape.H * node.Shape.W;
        double[] largest = [.. size.Values.Chunk(pixels).Select(map => (double)map.Max())];
        return Each(node.Shape, i => bound.Values[i] + (roundoff * largest[i / pixels]));
    }

    // Scores s are off by at most d, so weights exp(s) / sum by a factor of at most exp(2d).
    private static Map Attention(Tensor node, Map[] x, Map[] e, Arithmetic arithmetic)
    {
        int p = x[0].Shape.C;
        (double top, double center) = (Largest(x[0]), Largest(x[1]));
        double scores = p * ((top * Largest(e[1])) + (center * Largest(e[0])) + (arithmetic.Sum(p) * top * center));
        double factor = Math.Exp(2 * scores) - 1 + (16 * arithmetic.UnitRoundoff);
        Map size = Apply(node, node.Op, [x[0], x[1], Each(x[2].Shape, i => Math.Abs(x[2].Values[i]))]),
            carried = Apply(node, node.Op, [x[0], x[1], e[2]]);
        int pixels = x[0].Shape.H * x[0].Shape.W;
        // Sums over all pairs of pixels: rounded hierarchically or not, the softmax's divisor has pixels² terms.
        double sum = arithmetic.Sum(pixels * pixels);
        return Each(node.Shape, i => ((factor + sum) * size.Values[i]) + ((1 + factor) * carried.Values[i]));
    }

    // What a fold may turn the tensor's producer into: a sum of so many terms.
    private static int Terms(Tensor tensor) => tensor.Op switch
    {
        Conv2dOp op => op.C / op.Groups * op.R * op.S,
        ConvTranspose2dOp op => op.C * op.R * op.S,
        BatchNormOp => Terms(tensor.Inputs[0]),
        _ => 1,
    };

    private static double Largest(Map x) => x.Values.Max(value => Math.Abs((double)value));

    private static Map Apply(Tensor node, Op op, Map[] x)
    {
        IReadOnlyList<Tensor> inputs = op.ReadsInput(1) ? [.. node.Inputs.Take(x.Length)] : node.Inputs;
        Tensor tensor = Tensor.Create(op, inputs, node.Path);
        var y = new Map(tensor.Shape);
        Kernels.Bind(tensor)(x, y);
        return y;
    }

    private static Map Each(Shape shape, Func<int, double> bound)
    {
        var map = new Map(shape);
        for (int i = 0; i < map.Values.Length; i++) map.Values[i] = (float)bound(i);
        return map;
    }

    private static Map EachChannel(Shape shape, Func<int, int, double> bound) =>
        Each(shape, i => bound(i, i / (shape.H * shape.W) % shape.C));

    private static Map Zip(Shape shape, Map[] x, Map[] e, Func<double, double, double, double, double> bound) => Each(shape, i =>
    {
        (int row, int q) = Math.DivRem(i, shape.W);
        (row, int p) = Math.DivRem(row, shape.H);
        (int n, int c) = Math.DivRem(row, shape.C);
        int a = Index(x[0].Shape, n, c, p, q), b = Index(x[1].Shape, n, c, p, q);
        return bound(x[0].Values[a], x[1].Values[b], e[0].Values[a], e[1].Values[b]);
    });

    private static int Index(Shape x, int n, int c, int p, int q) =>
        (((((n * x.C) + (x.C == 1 ? 0 : c)) * x.H) + (x.H == 1 ? 0 : p)) * x.W) + (x.W == 1 ? 0 : q);

    private static Parameter? Abs(Parameter? weight) =>
        weight is null ? null : new Parameter(weight.Key, weight.Dims, () => Array.ConvertAll(weight.Read(), Math.Abs));
}
