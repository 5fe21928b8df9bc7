using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends;

/// <summary>
/// The arithmetic of integer layers, the same for every backend: what is multiplied in float32 is one product, rounded once, never fused
/// with a sum. A value in steps of the result is limited, rounded to the nearest whole number, ties to even, and moved by the zero point.
/// </summary>
internal static class IntegerArithmetic
{
    // A bias of this and the largest sum of products stay below 2^31.
    private const double LargestBias = 1 << 30;

    /// <summary>How a result is rounded to a byte: before a table, or as it is stored.</summary>
    public static Quantization Rounded(ActivatedOp op, Quantization stored) => op.Before ?? stored;

    /// <summary>
    /// The bytes that a value is limited to by its activation, or by a byte's range where the activation is a table or none.
    /// </summary>
    public static (byte Low, byte High) Limits(Activation activation, Quantization rounded) => activation switch
    {
        Activation.ReLU => (rounded.Zero, byte.MaxValue),
        Activation.ReLU6 => (rounded.Zero, rounded.Nearest(6)),
        _ => (byte.MinValue, byte.MaxValue),
    };

    /// <summary>Steps of a result for a sum of products of each output channel: x's scale · w's scale / result's scale.</summary>
    public static float[] Multipliers(Quantization x, float[] weightScales, double resultScale) =>
        [.. weightScales.Select(scale => (float)((double)x.Scale * scale / resultScale))];

    /// <summary>Biases in units of the products, as integers.</summary>
    public static int[] Biases(Quantization x, float[] weightScales, float[]? bias) =>
    [
        .. weightScales.Select((scale, k) =>
            (int)Math.Clamp(Math.Round((bias?[k] ?? 0) / ((double)x.Scale * scale)), -LargestBias, LargestBias)),
    ];

    /// <summary>A value in steps, as a byte.</summary>
    public static byte Round(float steps, byte zero, (byte Low, byte High) limits)
    {
        float low = limits.Low - zero, high = limits.High - zero;
        // NaN becomes the lowest.
        float limited = steps > low ? steps : low;
        limited = limited < high ? limited : high;
        return (byte)((int)MathF.Round(limited, MidpointRounding.ToEven) + zero);
    }

    /// <summary>The bytes of an activation's results, by the bytes of its arguments; null where the activation is no table.</summary>
    public static byte[]? Table(ActivatedOp op, Quantization stored) =>
        Passes.Quantize.HasTable(op) ? Table(op.Activation, Rounded(op, stored), stored) : null;

    /// <summary>The bytes of a function's results, by the bytes of its arguments.</summary>
    public static byte[] Table(Activation function, Quantization argument, Quantization result) =>
        [.. Enumerable.Range(0, byte.MaxValue + 1).Select(stored => result.Nearest(Value(function, argument.Real(stored))))];

    /// <summary>Steps of a mean's result for each of so many that it is divided by.</summary>
    public static float MeanSteps(Quantization x, Quantization y, int divisor) => (float)(x.Scale / ((double)y.Scale * divisor));

    /// <summary>Where a bilinear result's pixel reads, and the second pixel's weight in 128ths.</summary>
    public static (int Low, int High, int Weight) Source(UpsampleBilinearOp op, int index, int inputSize, int outputSize)
    {
        (int low, int high, float weight) = op.Source(index, inputSize, outputSize);
        return (low, high, (int)MathF.Round(weight * 128, MidpointRounding.ToEven));
    }

    /// <summary>Two bytes of a row, in 128ths of a byte.</summary>
    public static int Across(int left, int right, int weight) => (left * 128) + ((right - left) * weight);

    /// <summary>The byte nearest to the mean of two rows, which are in 128ths; ties upwards.</summary>
    public static int Blend(int upper, int lower, int weight) => ((upper * 128) + ((lower - upper) * weight) + 8192) >> 14;

    /// <summary>An activation's value, the same bits on every system.</summary>
    public static double Value(Activation function, double x) => function switch
    {
        Activation.ReLU => Math.Max(x, 0),
        Activation.ReLU6 => Math.Clamp(x, 0, 6),
        Activation.Sigmoid => 1 / (1 + Exp(-x)),
        Activation.SiLU => x / (1 + Exp(-x)),
        Activation.HardSigmoid => Math.Clamp(x + 3, 0, 6) / 6,
        Activation.HardSwish => x * Math.Clamp(x + 3, 0, 6) / 6,
        _ => x,
    };

    /// <summary>e^x to 12 digits, by sums and products alone: the functions of systems differ in the last digit.</summary>
    private static double Exp(double x)
    {
        const int Halvings = 12, Terms = 12;
        double small = Math.Clamp(x, -700, 700) / (1 << Halvings), term = 1, sum = 1;
        for (int i = 1; i <= Terms; i++)
        {
            term = term * small / i;
            sum += term;
        }
        for (int i = 0; i < Halvings; i++) sum *= sum;
        return sum;
    }
}
