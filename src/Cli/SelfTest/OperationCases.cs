using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Cli.SelfTest;

/// <summary>A small graph around one operation, with its input.</summary>
internal sealed record OperationCase(string Description, Graph Graph, float[] Input);

/// <summary>
/// Random small cases for every operation, over odd sizes: tails of whatever a kernel tiles by, padding on one side, several pictures.
/// The same seed gives the same cases everywhere.
/// </summary>
internal static class OperationCases
{
    private const int SingleEvery = 6;

    private delegate Tensor Network(Tensor x, WeightScope w, Random random);

    private static readonly (string Name, Network Build)[] Kinds =
    [
        ("conv2d 1x1", (x, w, r) => Conv(x, w, r, 1)),
        ("conv2d 3x3", (x, w, r) => Conv(x, w, r, 3, padding: 1)),
        ("conv2d of any window", (x, w, r) => Conv(x, w, r, r.Next(1, 8), r.Next(1, 3), new Padding(r.Next(7), r.Next(7), r.Next(7), r.Next(7)))),
        ("conv2d dilated", (x, w, r) => Dilated(x, w, r.Next(2, 25), r)),
        ("conv2d in groups", Grouped),
        ("conv2d with a residual", (x, w, r) => Activate(Conv(x, w, r, 1, channels: x.Shape.C).Add(x), r)),
        ("conv2d to one channel", (x, w, r) => new Conv2d(w["head"], x.Shape.C, 1, 3, padding: 1).Forward(x).Sigmoid()),
        ("conv2d from three channels", (x, w, r) => Conv(x, w, r, 3, stride: 2, padding: new Padding(0, 0, 1, 1))),
        ("conv2d depthwise", Depthwise),
        ("conv_transpose2d", (x, w, r) => Activate(new ConvTranspose2d(w["up"], x.Shape.C, Channels(r), 4, 2, 1).Forward(x), r)),
        ("batch_norm", (x, w, r) => Activate(new BatchNorm2d(w["norm"], x.Shape.C).Forward(x), r)),
        ("group_norm", (x, w, r) => Activate(new GroupNorm(w["norm"], x.Shape.C % 3 == 0 ? 3 : 1, x.Shape.C).Forward(x), r)),
        ("max_pool2d", (x, _, r) => x.MaxPool2d(3, r.Next(1, 3), 1, r.Next(2) == 0)),
        ("adaptive_avg_pool2d", (x, _, r) => x.AdaptiveAvgPool2d(r.Next(1, 7))),
        ("upsample_nearest", (x, _, r) => x.UpsampleNearest(r.Next(1, 4))),
        ("upsample_nearest, conv2d", (x, w, r) => Conv(Conv(x, w["before"], r, 1).UpsampleNearest(2), w, r, 3, padding: 1)),
        ("upsample_bilinear", (x, _, r) => Activate(x.UpsampleBilinear(r.Next(1, 9), r.Next(2) == 0), r)),
        ("add and mul", (x, w, r) => Activate(x.Mul(Conv(x.AdaptiveAvgPool2d(1), w, r, 1, channels: x.Shape.C)).Add(Conv(x, w["one"], r, 1, channels: 1)), r)),
        ("cat", (x, w, r) => Conv(Tensor.Cat(Conv(x, w["a"], r, 1), Conv(x, w["b"], r, 1), x), w, r, 3, padding: 1)),
        ("squeeze and excite", SqueezeExcite),
        ("position_attention", Attention),
        ("activations", (x, _, r) => x.SiLU().Add(x.ReLU()).Mul(x.Sigmoid())),
    ];

    /// <summary>The operations' names, in the order of the table.</summary>
    public static IReadOnlyList<string> Names => [.. Kinds.Select(kind => kind.Name)];

    /// <summary>The names of those that convolutions by tiles compute.</summary>
    public static IReadOnlyList<string> TiledNames =>
        ["conv2d 1x1", "conv2d 3x3", "conv2d of any window", "conv2d dilated", "conv2d in groups", "conv2d with a residual", "conv_transpose2d", "squeeze and excite"];

    public static OperationCase Make(string name, int seed)
    {
        Network build = Kinds.First(kind => kind.Name == name).Build;
        var random = new Random(seed);
        // Maps of one channel have kernels of their own.
        int channels = name == "conv2d from three channels" ? 3 : seed % SingleEvery == SingleEvery - 1 ? 1 : Channels(random);
        var shape = new Shape(random.Next(4) == 0 ? random.Next(2, 4) : 1, channels, random.Next(3, 24), random.Next(3, 40));
        Graph graph = Graph.Record(shape, x => build(x, new WeightScope(new SyntheticWeights($"{name}{seed}/")), random));
        var input = new float[shape.Count];
        for (int i = 0; i < input.Length; i++) input[i] = (float)((2 * random.NextDouble()) - 1);
        return new OperationCase($"{name} of {shape} to {graph.Outputs[0].Shape}, seed {seed}", graph, input);
    }

    private static int Channels(Random random) => random.Next(2) == 0 ? random.Next(1, 80) : 8 * random.Next(1, 17);

    private static Tensor Activate(Tensor x, Random random) => random.Next(4) switch
    {
        0 => x.ReLU(),
        1 => x.SiLU(),
        2 => x.Sigmoid(),
        _ => x,
    };

    private static Tensor Conv(Tensor x, WeightScope w, Random random, int kernel, int stride = 1, Padding padding = default, int? channels = null)
    {
        // A window larger than the padded map would be refused.
        int reach = Math.Min(x.Shape.H + padding.Top + padding.Bottom, x.Shape.W + padding.Left + padding.Right);
        return Activate(new Conv2d(w["conv"], x.Shape.C, channels ?? Channels(random), Math.Min(kernel, reach), stride, padding).Forward(x), random);
    }

    private static Tensor Dilated(Tensor x, WeightScope w, int dilation, Random random) =>
        Activate(new Conv2d(w["conv"], x.Shape.C, Channels(random), 3, padding: dilation, dilation: dilation).Forward(x), random);

    private static Tensor Grouped(Tensor x, WeightScope w, Random random)
    {
        int groups = random.Next(2, 9), width = random.Next(2) == 0 ? random.Next(1, 20) : 8 * random.Next(1, 8);
        Tensor wide = new Conv2d(w["wide"], x.Shape.C, groups * width, 1).Forward(x);
        return Activate(new Conv2d(w["conv"], groups * width, groups * width, 3, random.Next(1, 3), 1, groups: groups).Forward(wide), random);
    }

    private static Tensor Depthwise(Tensor x, WeightScope w, Random random)
    {
        int kernel = random.Next(3) switch { 0 => 3, 1 => 5, _ => 7 }, dilation = random.Next(3) == 0 ? random.Next(2, 13) : 1;
        return Activate(new Conv2d(w["conv"], x.Shape.C, x.Shape.C, kernel, random.Next(1, 3), kernel / 2 * dilation, dilation, groups: x.Shape.C).Forward(x), random);
    }

    private static Tensor SqueezeExcite(Tensor x, WeightScope w, Random random)
    {
        // The block of the network's own input is not one that kernels take whole.
        x = Conv(x, w["before"], random, 1, channels: random.Next(2, 70));
        int hidden = random.Next(1, 40);
        Tensor gate = new Conv2d(w["reduce"], x.Shape.C, hidden, 1).Forward(x.AdaptiveAvgPool2d(1));
        gate = new Conv2d(w["expand"], hidden, x.Shape.C, 1).Forward(random.Next(2) == 0 ? gate.ReLU() : gate.SiLU()).Sigmoid();
        return Conv(x.Mul(gate), w, random, 1);
    }

    private static Tensor Attention(Tensor x, WeightScope w, Random random)
    {
        int width = x.Shape.C == 1 ? 1 : random.Next(1, 40);
        return new Conv2d(w["top"], x.Shape.C, width, 1).Forward(x).Apply(
            new PositionAttentionOp(), new Conv2d(w["center"], x.Shape.C, width, 1).Forward(x), Conv(x, w["bottom"], random, 1, channels: x.Shape.C == 1 ? 1 : null));
    }
}
