using LungSeg.Engine;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Ops;

namespace LungSeg.Kernels.Tests;

/// <summary>
/// What the reference makes of a node, and how far a kernel may be from it. The inputs are numbers that the storage has, so that
/// products of halves are exact in float32: what is left are the roundings of float32 sums, and of the result to its storage.
/// </summary>
internal sealed class Expected
{
    private const double Unit = 1.0 / (1 << 24);
    private readonly Map _value;
    private readonly float[] _bound;

    private Expected(Map value, Func<int, double> bound)
    {
        _value = value;
        _bound = [.. Enumerable.Range(0, value.Values.Length).Select(i => (float)bound(i))];
    }

    /// <summary>
    /// A linear node with an activation. A sum of L terms in any order of partial sums is off by at most L roundings of the sum of
    /// the terms' sizes; the tensor cores cut off instead of rounding, which is twice that.
    /// </summary>
    public static Expected OfLinear(Tensor node, Tensor sizes, Map[] inputs, Activation activation, int terms, Storage storage,
        bool isTruncated = false)
    {
        Map value = Run(node, inputs), size = Run(sizes, [.. inputs.Select(Absolute)]);
        Map activated = new(value.Shape);
        Activations.Run(activation, value, activated);
        double sum = (isTruncated ? 2 : 1) * (terms + 3) * Unit;
        return new Expected(activated, i => AfterActivation(activation, value.Values[i], sum * size.Values[i], storage,
            activated.Values[i]));
    }

    /// <summary>A result that must be the reference's to the last bit.</summary>
    public static Expected Exactly(Map value) => new(value, _ => 0);

    /// <summary>A value with a bound of its own, rounded to the storage.</summary>
    public static Expected Within(Map value, Func<int, double> bound, Storage storage) =>
        new(value, i => bound(i) + storage.Rounding(Math.Abs(value.Values[i]) + bound(i)));

    public static Map Run(Tensor node, params Map[] inputs)
    {
        var result = new Map(node.Shape);
        LungSeg.Engine.Backends.Reference.Kernels.Bind(node)(inputs, result);
        return result;
    }

    public static Map Absolute(Map map)
    {
        var result = new Map(map.Shape);
        for (int i = 0; i < result.Values.Length; i++) result.Values[i] = Math.Abs(map.Values[i]);
        return result;
    }

    public void Check(Map actual, string what)
    {
        Assert.Equal(_value.Shape, actual.Shape);
        for (int i = 0; i < _bound.Length; i++)
        {
            // Written so that not-a-number fails.
            if (Math.Abs((double)actual.Values[i] - _value.Values[i]) <= _bound[i]) continue;
            (int row, int w) = Math.DivRem(i, actual.Shape.W);
            (row, int h) = Math.DivRem(row, actual.Shape.H);
            (int n, int c) = Math.DivRem(row, actual.Shape.C);
            Assert.Fail(
                $"{what}: at n {n} c {c} h {h} w {w}: expected {_value.Values[i]:R} within {_bound[i]:G3}, found {actual.Values[i]:R}");
        }
    }

    /// <summary>
    /// What is left of a sum's error behind an activation, and after storing. SiLU's slope is at most 1.1, sigmoid's 1/4, hardswish's 1.5,
    /// hardsigmoid's 1/6.
    /// </summary>
    private static double AfterActivation(Activation activation, double sum, double error, Storage storage, double result)
    {
        double activated = activation switch
        {
            // The exponential's own error and that of its rounded argument, the division's, the product's.
            Activation.SiLU => (1.1 * error) + (Unit * (8 + (2 * Math.Abs(sum))) * Math.Min(Math.Abs(sum), 4)),
            Activation.Sigmoid => (0.25 * error) + (8 * Unit),
            Activation.HardSwish => (1.5 * error) + (4 * Unit * (1 + Math.Abs(result))),
            Activation.HardSigmoid => (error / 6) + (4 * Unit),
            _ => error,
        };
        return activated + storage.Rounding(Math.Abs(result) + activated);
    }
}
