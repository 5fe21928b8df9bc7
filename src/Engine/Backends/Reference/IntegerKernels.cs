using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Reference;

/// <summary>
/// The specification of integer layers: maps hold bytes, as whole numbers in NCHW order. Sums are exact; every other backend's bytes are
/// these bytes.
/// </summary>
internal static class IntegerKernels
{
    /// <summary>The kernel of a node that reads or writes bytes.</summary>
    public static Kernel Bind(Tensor node)
    {
        Quantization x = node.Inputs[0].Quantization ?? default;
        return (node.Op, node.Quantization) switch
        {
            (QuantizeOp, Quantization y) => QuantizeTo(y),
            (DequantizeOp, _) => (maps, result) => Each(result, i => (maps[0].Values[i] - x.Zero) * x.Scale),
            (Conv2dOp op, _) => Convolution(node, op, op.WeightScale!.Read(), op.Bias?.Read(), Convolution(op)),
            (ConvTranspose2dOp op, _) => Convolution(node, op, op.WeightScale!.Read(), op.Bias?.Read(), Convolution(op)),
            (AddOp op, Quantization y) => Sum(op, x, node.Inputs[1].Quantization!.Value, y),
            (MulOp op, Quantization y) => Product(op, x, node.Inputs[1].Quantization!.Value, y),
            (ActivationOp op, Quantization y) => Through(IntegerArithmetic.Table(op.Function, x, y)),
            (UpsampleBilinearOp op, Quantization y) => Bilinear(op, y),
            (AvgPool2dOp op, Quantization y) => Average(x, y, op.Window.Pixels, op.Window.Pixels, op.Divisor),
            (AdaptiveAvgPool2dOp op, Quantization y) => Average(x, y, op.Bin, op.Bin, op.Count),
            (MaxPool2dOp op, _) => (maps, result) => MaxPool2d.Run(op, maps[0], result),
            (ConcatOp, _) => Concat.Run,
            (SliceOp op, _) => (maps, result) => Slice.Run(op, maps[0], result),
            (UpsampleNearestOp op, _) => (maps, result) => UpsampleNearest.Run(op, maps[0], result),
            _ => throw new DeviceException($"{node.Path}: the reference backend has no integer kernel for the operation '{node.Op.Name}'"),
        };
    }

    private static void Each(Map result, Func<int, float> value)
    {
        for (int i = 0; i < result.Values.Length; i++) result.Values[i] = value(i);
    }

    private static Kernel QuantizeTo(Quantization y)
    {
        float steps = (float)(1.0 / y.Scale);
        return (maps, result) => Each(result, i => IntegerArithmetic.Round(maps[0].Values[i] * steps, y.Zero, (0, byte.MaxValue)));
    }

    private static Kernel Through(byte[] table) => (maps, result) => Each(result, i => table[(byte)maps[0].Values[i]]);

    private static Action<double[], Map, Map> Convolution(Conv2dOp op)
    {
        float[] weights = op.Weight.Read();
        return (bias, x, sums) => Conv2d.Run(op, weights, bias, x, sums);
    }

    private static Action<double[], Map, Map> Convolution(ConvTranspose2dOp op)
    {
        float[] weights = op.Weight.Read();
        return (bias, x, sums) => ConvTranspose2d.Run(op, weights, bias, x, sums);
    }

    // Sums of whole numbers in double are exact, and are rounded to float32 once, as an integer would be.
    private static Kernel Convolution(Tensor node, ActivatedOp op, float[] scales, float[]? bias, Action<double[], Map, Map> convolve)
    {
        Quantization x = node.Inputs[0].Quantization!.Value;
        double[] biases = [.. IntegerArithmetic.Biases(x, scales, bias)];
        if (node.Quantization is not Quantization y)
        {
            float[] real = IntegerArithmetic.Multipliers(x, scales, 1);
            return (maps, result) =>
            {
                convolve(biases, Shifted(maps[0], x.Zero), result);
                Each(result, i => result.Values[i] * real[Channel(result, i)]);
                Activations.Run(op.Activation, result, result);
            };
        }
        Quantization rounded = IntegerArithmetic.Rounded(op, y);
        float[] steps = IntegerArithmetic.Multipliers(x, scales, rounded.Scale);
        var store = new Stored(op, y);
        bool residual = op is Conv2dOp { Residual: true };
        Quantization r = residual ? node.Inputs[1].Quantization!.Value : default;
        float residualSteps = (float)((double)r.Scale / rounded.Scale);
        return (maps, result) =>
        {
            convolve(biases, Shifted(maps[0], x.Zero), result);
            Each(result, i =>
            {
                float value = result.Values[i] * steps[Channel(result, i)];
                if (residual) value += (maps[1].Values[i] - r.Zero) * residualSteps;
                return store.Byte(value);
            });
        };
    }

    private static int Channel(Map map, int index) => index / (map.Shape.H * map.Shape.W) % map.Shape.C;

    private static Map Shifted(Map map, byte zero)
    {
        var result = new Map(map.Shape);
        Each(result, i => map.Values[i] - zero);
        return result;
    }

    private static Kernel Sum(AddOp op, Quantization a, Quantization b, Quantization y)
    {
        Quantization rounded = IntegerArithmetic.Rounded(op, y);
        float left = (float)((double)a.Scale / rounded.Scale), right = (float)((double)b.Scale / rounded.Scale);
        var store = new Stored(op, y);
        float Add(float p, float q) => store.Byte(((p - a.Zero) * left) + ((q - b.Zero) * right));
        return (maps, result) => Broadcast.Run(Add, maps[0], maps[1], result);
    }

    private static Kernel Product(MulOp op, Quantization a, Quantization b, Quantization y)
    {
        float steps = (float)((double)a.Scale * b.Scale / IntegerArithmetic.Rounded(op, y).Scale);
        var store = new Stored(op, y);
        return (maps, result) => Broadcast.Run((p, q) => store.Byte((p - a.Zero) * (q - b.Zero) * steps), maps[0], maps[1], result);
    }

    // Weights have 7 bits; the mean of four bytes is rounded once, ties upwards.
    private static Kernel Bilinear(UpsampleBilinearOp op, Quantization y)
    {
        byte[]? table = op.Activation == Activation.None ? null : IntegerArithmetic.Table(op.Activation, y, y);
        return (maps, result) =>
        {
            (Shape from, Shape to) = (maps[0].Shape, result.Shape);
            Each(result, i =>
            {
                (int top, int bottom, int down) = IntegerArithmetic.Source(op, i / to.W % to.H, from.H, to.H);
                (int left, int right, int across) = IntegerArithmetic.Source(op, i % to.W, from.W, to.W);
                ReadOnlySpan<float> plane = maps[0].Plane(i / (to.C * to.H * to.W), Channel(result, i));
                int mean = IntegerArithmetic.Blend(
                    Row(plane, top, from.W, left, right, across), Row(plane, bottom, from.W, left, right, across), down);
                return table is null ? mean : table[mean];
            });
        };
    }

    private static int Row(ReadOnlySpan<float> plane, int row, int width, int left, int right, int across) =>
        IntegerArithmetic.Across((int)plane[(row * width) + left], (int)plane[(row * width) + right], across);

    private static Kernel Average(
        Quantization x, Quantization y, Func<int, int, (int Start, int End)> rows, Func<int, int, (int Start, int End)> columns,
        Func<int, int, int, int, int> divisor) => (maps, result) =>
    {
        (Shape from, Shape to) = (maps[0].Shape, result.Shape);
        Each(result, i =>
        {
            int h = i / to.W % to.H, w = i % to.W;
            (int top, int bottom) = rows(h, from.H);
            (int left, int right) = columns(w, from.W);
            ReadOnlySpan<float> plane = maps[0].Plane(i / (to.C * to.H * to.W), Channel(result, i));
            int sum = 0;
            for (int row = top; row < bottom; row++)
            {
                for (int column = left; column < right; column++) sum += (int)plane[(row * from.W) + column] - x.Zero;
            }
            float steps = IntegerArithmetic.MeanSteps(x, y, divisor(h, w, from.H, from.W));
            return IntegerArithmetic.Round(sum * steps, y.Zero, (0, byte.MaxValue));
        });
    };

    /// <summary>How a value in steps is stored.</summary>
    private sealed class Stored(ActivatedOp op, Quantization y)
    {
        private readonly Quantization _rounded = IntegerArithmetic.Rounded(op, y);
        private readonly byte[]? _table = IntegerArithmetic.Table(op, y);

        public float Byte(float steps)
        {
            byte stored = IntegerArithmetic.Round(steps, _rounded.Zero, IntegerArithmetic.Limits(op.Activation, _rounded));
            return _table is null ? stored : _table[stored];
        }
    }
}
