using LungSeg.Engine;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Calibration;

/// <summary>
/// The weights of a convolution or transposed convolution, by output channel: [outputs][inputs of the output's group][taps], with its bias.
/// </summary>
internal sealed class LayerWeights
{
    private LayerWeights(Op op, Parameter weight, Parameter? bias, int outputs, int inputs, int groups, int taps, bool transposed)
    {
        (Op, Weight, Outputs, Inputs, Groups, Taps, IsTransposed) = (op, weight, outputs, inputs, groups, taps, transposed);
        float[] values = weight.Read();
        Rows = new float[outputs][];
        for (int k = 0; k < outputs; k++)
        {
            Rows[k] = new float[InputsPerGroup * taps];
            for (int i = 0; i < Rows[k].Length; i++) Rows[k][i] = values[Index(k, i)];
        }
        Bias = bias?.Read() ?? new float[outputs];
        BiasKey = bias?.Key ?? $"{weight.Key[..weight.Key.LastIndexOf('.')]}.bias";
    }

    public Op Op { get; }

    public Parameter Weight { get; }

    public int Outputs { get; }

    /// <summary>Input channels of all groups.</summary>
    public int Inputs { get; }

    public int Groups { get; }

    public int Taps { get; }

    public bool IsTransposed { get; }

    public int InputsPerGroup => Inputs / Groups;

    public bool IsDepthwise => Groups > 1 && Groups == Inputs && Groups == Outputs;

    public float[][] Rows { get; }

    public float[] Bias { get; }

    public string BiasKey { get; }

    /// <summary>A node's weights; null where it is no convolution.</summary>
    public static LayerWeights? Of(Tensor node) => node.Op switch
    {
        Conv2dOp op => new LayerWeights(op, op.Weight, op.Bias, op.K, op.C, op.Groups, op.R * op.S, transposed: false),
        ConvTranspose2dOp op => new LayerWeights(op, op.Weight, op.Bias, op.K, op.C, 1, op.R * op.S, transposed: true),
        _ => null,
    };

    /// <summary>The input channel that the given input of an output channel is.</summary>
    public int InputOf(int output, int input) => (output / (Outputs / Groups) * InputsPerGroup) + input;

    /// <summary>A number of each input channel, for the inputs of one output channel.</summary>
    public double[] Of(double[] ofInputs, int output) => ofInputs[InputOf(output, 0)..(InputOf(output, 0) + InputsPerGroup)];

    /// <summary>The operation with the weights as they are now, in float32.</summary>
    public Op WithFloats() => With(new Parameter(Weight.Key, Weight.Dims, Constant(Order([.. Rows.SelectMany(row => row)]))), null);

    /// <summary>The operation with integer weights, given in the order of <see cref="Rows"/>, and their scales.</summary>
    public Op WithIntegers(float[] integers, float[] scales) => With(
        new Parameter(Weight.Key, Weight.Dims, Constant(Order(integers)), DType.Int8),
        new Parameter($"{Weight.Key}_scale", [Outputs], Constant(scales)));

    private static Func<float[]> Constant(float[] values) => () => [.. values];

    private Op With(Parameter weight, Parameter? scale)
    {
        var bias = new Parameter(BiasKey, [Outputs], Constant(Bias));
        return Op switch
        {
            Conv2dOp op => op with { Weight = weight, Bias = bias, WeightScale = scale },
            ConvTranspose2dOp op => op with { Weight = weight, Bias = bias, WeightScale = scale },
            _ => throw new InvalidOperationException($"{Op.Name} has no weights"),
        };
    }

    // From the order of the rows to the file's.
    private float[] Order(float[] values)
    {
        if (!IsTransposed) return values;
        var result = new float[values.Length];
        for (int k = 0, i = 0; k < Outputs; k++)
            for (int j = 0; j < InputsPerGroup * Taps; j++, i++) result[Index(k, j)] = values[i];
        return result;
    }

    private int Index(int output, int i) => IsTransposed
        ? ((((i / Taps) * Outputs) + output) * Taps) + (i % Taps)
        : (output * InputsPerGroup * Taps) + i;
}
