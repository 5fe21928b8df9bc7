using CsCheck;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Kernels.Tests.Convolution;

/// <summary>A convolution with seeded numbers that its storage and products have exactly.</summary>
internal sealed record ConvCase(
    Shape Input, int Filters, int R, int S, int Stride, int Dilation, Padding Padding, int Groups, bool Bias, bool Residual,
    Activation Activation, int Seed)
{
    /// <summary>What inputs and weights are rounded to before anything is computed.</summary>
    public Numbers Numbers { get; init; }

    /// <summary>For each image and padded channel, what the input is multiplied by; the product is rounded to the numbers.</summary>
    public float[]? Gate { get; init; }

    internal Conv2dOp Op => new(Weight, Bias ? new Parameter("bias", [Filters], () => Values("bias", Filters)) : null, Stride, Padding,
        Dilation, Groups)
    {
        Residual = Residual,
    };

    internal Shape Output => Op.Infer(Residual ? [Input, Op with { Residual = false } is var plain ? plain.Infer([Input]) : default]
        : [Input]);

    private Parameter Weight => new("weight", [Filters, Input.C / Groups, R, S],
        () => Values("weight", Filters * (Input.C / Groups) * R * S));

    /// <summary>Random cases whose channels and filters come in groups of multiples of 8, or with one group, of anything.</summary>
    public static Gen<ConvCase> Tiled { get; } =
        from groups in Gen.Frequency((4, Gen.Const(1)), (1, Gen.Int[2, 3]))
        from channels in groups == 1 ? Gen.Int[2, 40] : Gen.OneOf(8, 16, 24)
        from filters in groups == 1 ? Gen.Frequency((3, Gen.Int[2, 40]), (1, Gen.Int[60, 140])) : Gen.OneOf(8, 16, 56)
        from result in Of(groups * channels, groups * filters, groups, Gen.OneOf(1, 1, 2, 3), Gen.OneOf(1, 1, 2))
        select result;

    /// <summary>Random cases of any channels, filters and groups.</summary>
    public static Gen<ConvCase> Any { get; } =
        from groups in Gen.Int[1, 4]
        from channels in Gen.Int[1, 7]
        from filters in Gen.Int[1, 5]
        from result in Of(groups * channels, groups * filters, groups, Gen.OneOf(1, 2, 3), Gen.Int[1, 3])
        select result;

    public static Gen<ConvCase> Of(int channels, int filters, int groups, Gen<int> windows, Gen<int> dilations) =>
        from window in Gen.Select(windows, windows)
        from dilation in dilations
        from stride in Gen.OneOf(1, 1, 2)
        from padding in Gen.Select(Gen.Int[0, 3], Gen.Int[0, 3], Gen.Int[0, 3], Gen.Int[0, 3], (l, t, r, b) => new Padding(l, t, r, b))
        from batch in Gen.OneOf(1, 1, 2)
        from size in Gen.Select(Gen.Int[1, 11], Gen.Int[1, 13])
        from flags in Gen.Select(Gen.Bool, Gen.Bool)
        from activation in MapCase.Activations
        from seed in Gen.Int[0, 1 << 20]
        let height = Math.Max(size.Item1, (dilation * (window.Item1 - 1)) + 1 - padding.Top - padding.Bottom)
        let width = Math.Max(size.Item2, (dilation * (window.Item2 - 1)) + 1 - padding.Left - padding.Right)
        select new ConvCase(
            new Shape(batch, channels, height, width), filters, window.Item1, window.Item2, stride, dilation, padding, groups, flags.Item1,
            flags.Item2, activation, seed);

    internal Map X()
    {
        Map x = Random("input", Input);
        int padded = (Input.C + 7) / 8 * 8, pixels = Input.H * Input.W;
        for (int i = 0; Gate is not null && i < x.Values.Length; i++)
            x.Values[i] = Numbers.Round(x.Values[i] * Gate[(i / pixels / Input.C * padded) + (i / pixels % Input.C)]);
        return x;
    }

    internal Map Shortcut() => Random("residual", Output);

    internal float[] Values(string key, int count)
    {
        int hash = Seed;
        foreach (char letter in key) hash = unchecked((hash * 16777619) ^ letter);
        var random = new Random(hash);
        return [.. Enumerable.Range(0, count).Select(_ => Numbers.Round((float)((random.NextDouble() * 2) - 1)))];
    }

    internal Expected Expected(Storage storage, bool isTruncated = false)
    {
        Tensor x = Tensor.Create(new InputOp(Input), [], "x"), shortcut = Tensor.Create(new InputOp(Output), [], "shortcut");
        Parameter Abs(Parameter p) => new(p.Key, p.Dims, () => Array.ConvertAll(p.Read(), Math.Abs));
        Conv2dOp sizes = Op with { Weight = Abs(Op.Weight), Bias = Op.Bias is null ? null : Abs(Op.Bias) };
        Tensor[] inputs = Residual ? [x, shortcut] : [x];
        Map[] values = Residual ? [X(), Shortcut()] : [X()];
        return Tests.Expected.OfLinear(
            Tensor.Create(Op, inputs, "conv"), Tensor.Create(sizes, inputs, "sizes"), values, Activation, Input.C / Groups * R * S, storage,
            isTruncated);
    }

    private Map Random(string key, Shape shape)
    {
        var map = new Map(shape);
        Values(key, map.Values.Length).CopyTo(map.Values, 0);
        return map;
    }
}
