using CsCheck;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Passes;

namespace LungSeg.Engine.Tests.Backends;

/// <summary>The cases of <see cref="OperationCases"/> by kind, fused mostly; a seed that fails says all of a case.</summary>
internal static class OpCases
{
    private static readonly Gen<int> Seed = Gen.Int[0, 1 << 20];
    // All patterns of fusion mostly, else none or any of them.
    private static readonly Gen<FusionPatterns> Patterns = Gen.Frequency(
        (4, Gen.Const(FusionPatterns.All)),
        (1, Gen.Const(FusionPatterns.None)),
        (2, Gen.Int[0, (int)FusionPatterns.All].Select(patterns => (FusionPatterns)patterns)));

    public static Gen<OpCase> Convolutions { get; } =
        Of("conv2d 1x1", "conv2d 3x3", "conv2d of any window", "conv2d to one channel", "conv2d from three channels",
            "conv2d from one channel");

    public static Gen<OpCase> DepthwiseConvolutions { get; } = Of("conv2d depthwise");

    public static Gen<OpCase> GroupedConvolutions { get; } = Of("conv2d in groups");

    public static Gen<OpCase> DilatedConvolutions { get; } = Of("conv2d dilated");

    public static Gen<OpCase> TransposedConvolutions { get; } = Of("conv_transpose2d");

    public static Gen<OpCase> Poolings { get; } = Of("max_pool2d", "adaptive_avg_pool2d");

    public static Gen<OpCase> WindowPoolings { get; } = Of("avg_pool2d");

    public static Gen<OpCase> Slices { get; } = Of("slice");

    public static Gen<OpCase> Softmaxes { get; } = Of("softmax");

    public static Gen<OpCase> HardActivations { get; } = Of("hard activations");

    public static Gen<OpCase> Upsamplings { get; } = Of("upsample_nearest", "upsample_bilinear");

    public static Gen<OpCase> ElementWise { get; } = Of("add and mul", "activations", "batch_norm", "squeeze and excite");

    public static Gen<OpCase> Concatenations { get; } = Of("cat");

    public static Gen<OpCase> PointwiseChains { get; } = Of("conv2d 1x1 chains");

    public static Gen<OpCase> GroupNorms { get; } = Of("group_norm", "channel_norm");

    public static Gen<OpCase> PositionAttentions { get; } = Of("position_attention");

    /// <summary>A case of a network over a seed's layers, fused mostly. Of the taps those stay that the output depends on.</summary>
    public static Gen<OpCase> Case(string description, Shape input, Func<RandomLayers, Tensor, Tensor> network, params string[] taps) =>
        Gen.Select(Seed, Patterns, (seed, patterns) =>
        {
            Graph graph = Graph.Record(input, x => network(new RandomLayers(seed), x));
            var options = new LoadOptions { Patterns = patterns, Taps = [.. taps.Where(graph.Taps.ContainsKey)] };
            return new OpCase(description, graph, seed, options);
        });

    private static Gen<OpCase> Of(params string[] names) =>
        Gen.Select(Gen.Int[0, names.Length - 1], Seed, Patterns, (which, seed, patterns) =>
    {
        string name = names[which];
        OperationCase made = OperationCases.Make(name, seed);
        return new OpCase($"{name}: {made.Description}", made.Graph, seed, new LoadOptions { Patterns = patterns });
    });
}
