using CsCheck;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Passes;

namespace LungSeg.Engine.Tests.Backends;

/// <summary>Random cases for each kind of operation, over odd sizes: every dimension has tails, whatever a backend tiles it by.</summary>
internal static class OpCases
{
    private const long MaxMacs = 4_000_000;

    private static readonly Gen<int> Batch = Gen.Frequency((4, Gen.Const(1)), (1, Gen.Const(2)), (1, Gen.Const(3)));
    private static readonly Gen<int> Channels = Gen.Frequency((3, Gen.Int[1, 70]), (1, Gen.OneOf(3, 4, 8, 16, 32, 33, 48, 64)));
    private static readonly Gen<int> Height = Gen.Int[1, 17];
    private static readonly Gen<int> Width = Gen.Frequency((3, Gen.Int[1, 17]), (1, Gen.Int[18, 53]));
    private static readonly Gen<Shape> Map = Gen.Select(Batch, Channels, Height, Width, (n, c, h, w) => new Shape(n, c, h, w));
    private static readonly Gen<Activation> Function = Gen.Enum<Activation>();
    private static readonly Gen<int> Seed = Gen.Int[0, 1 << 20];
    // All patterns of fusion mostly, else none or any of them.
    private static readonly Gen<FusionPatterns> Patterns = Gen.Frequency(
        (4, Gen.Const(FusionPatterns.All)),
        (1, Gen.Const(FusionPatterns.None)),
        (2, Gen.Int[0, (int)FusionPatterns.All].Select(patterns => (FusionPatterns)patterns)));

    private enum Residual { None, ConvPlusShortcut, ShortcutPlusConv }

    /// <summary>Dense convolutions, kernels 1 to 7.</summary>
    public static Gen<OpCase> Convolutions { get; } =
        from channels in Gen.Select(Channels, Channels)
        from kernel in Gen.Frequency((3, Gen.Const((1, 1))), (4, Gen.Const((3, 3))), (2, Square(2, 7)), (1, Gen.Select(Gen.Int[1, 7], Gen.Int[1, 7])))
        from result in Convolution(channels.Item1, channels.Item2, 1, kernel, Gen.Const(1))
        select result;

    /// <summary>One filter, or two, for each channel.</summary>
    public static Gen<OpCase> DepthwiseConvolutions { get; } =
        from channels in Channels
        from multiplier in Gen.Frequency((5, Gen.Const(1)), (1, Gen.Const(2)))
        from kernel in Gen.Frequency((4, Gen.Const((3, 3))), (3, Gen.Const((5, 5))), (1, Square(1, 7)))
        from dilation in Gen.Frequency((4, Gen.Const(1)), (1, Gen.Int[2, 24]))
        from result in Convolution(channels, channels * multiplier, channels, kernel, Gen.Const(dilation))
        select result;

    /// <summary>Groups of several channels.</summary>
    public static Gen<OpCase> GroupedConvolutions { get; } =
        from groups in Gen.Int[2, 5]
        from width in Gen.OneOf(Gen.Int[2, 19], Gen.OneOf(4, 8, 16, 56, 72))
        from filters in Gen.OneOf(Gen.Const(width), Gen.Int[1, 19])
        from kernel in Gen.Frequency((1, Gen.Const((1, 1))), (3, Gen.Const((3, 3))), (1, Square(1, 5)))
        from result in Convolution(groups * width, groups * filters, groups, kernel, Gen.Const(1))
        select result;

    /// <summary>Dilations up to 24, mostly wider than the map.</summary>
    public static Gen<OpCase> DilatedConvolutions { get; } =
        from channels in Gen.Select(Channels, Channels)
        from kernel in Gen.Frequency((4, Gen.Const((3, 3))), (1, Gen.Const((2, 2))), (1, Gen.Const((5, 5))))
        from result in Convolution(channels.Item1, channels.Item2, 1, kernel, Gen.OneOf(Gen.Int[2, 24], Gen.Int[2, 4], Gen.OneOf(2, 4, 6, 12, 18, 24)))
        select result;

    public static Gen<OpCase> TransposedConvolutions { get; } =
        from x in Map
        from k in Channels
        from kernel in Gen.Frequency((2, Gen.Const((4, 2, 1))),
            (1, Gen.Select(Gen.Int[1, 5], Gen.Int[1, 3], Gen.Int[0, 2], (r, stride, padding) => (r, stride, Math.Min(padding, (r - 1) / 2)))))
        from flags in Gen.Select(Gen.Bool, Gen.Bool, Function)
        from result in Case($"transposed convolution {kernel} to {k}", Small(x, (long)k * kernel.Item1 * kernel.Item1), (layers, input) =>
        {
            Tensor y = layers.ConvTranspose2d(input, "up", k, kernel.Item1, kernel.Item2, kernel.Item3, flags.Item1);
            return Finish(layers, y, flags.Item2, flags.Item3);
        })
        select result;

    public static Gen<OpCase> Poolings { get; } =
        from x in Map
        from kernel in Gen.Int[1, 5]
        from stride in Gen.Int[1, 3]
        from padding in Gen.Int[0, kernel / 2]
        from ceil in Gen.Bool
        from bins in Gen.OneOf(Gen.OneOf(1, 2, 3, 6), Gen.Int[1, 20])
        from max in Gen.Bool
        let fit = x with { H = Math.Max(x.H, kernel), W = Math.Max(x.W, kernel) }
        from result in max
            ? Case($"max pool {kernel} stride {stride} padding {padding}{(ceil ? " ceil" : "")}", fit, (_, input) =>
                input.MaxPool2d(kernel, stride, padding, ceil))
            : Case($"adaptive pool to {bins}", x, (_, input) => input.AdaptiveAvgPool2d(bins))
        select result;

    /// <summary>Resizing between 1x1 and 3x3 convolutions, which a backend may fuse with it or swap with it; beside a skip connection or alone.</summary>
    public static Gen<OpCase> Upsamplings { get; } =
        from x in Gen.Select(Batch, Gen.Int[1, 40], Gen.Int[1, 9], Gen.Int[1, 13], (n, c, h, w) => new Shape(n, c, h, w))
        from scale in Gen.OneOf(1, 2, 2, 2, 3, 4, 8)
        from size in Gen.Select(Gen.Int[1, 30], Gen.Int[1, 30])
        from kind in Gen.OneOf("nearest", "by a factor", "to a size")
        from aligned in Gen.Bool
        from before in Gen.Bool
        from after in Gen.OneOf(0, 1, 3)
        from k in Gen.OneOf(13, 20)
        from skip in Gen.Bool
        from function in Function
        from result in Case($"upsample {kind} ({scale}, {size}){(aligned ? " aligned" : "")}, conv before {before}, skip {skip}, after {after}x{after} to {k}", x, (layers, input) =>
        {
            Tensor y = before ? layers.Conv2d(input, "before", 11, 1) : input;
            y = kind switch
            {
                "nearest" => y.UpsampleNearest(scale),
                "by a factor" => y.UpsampleBilinear(scale, aligned),
                _ => y.UpsampleBilinear(input.AdaptiveAvgPool2d(size.Item1), aligned),
            };
            y = RandomLayers.Activate(y, function);
            if (skip) y = Tensor.Cat(y, input.UpsampleBilinear(y, aligned));
            return after > 0 ? layers.Conv2d(y, "after", k, after, padding: after / 2) : y;
        })
        select result;

    /// <summary>Sums and products, equal in size or spread: residuals, squeeze-and-excite, spatial gates, pooled context.</summary>
    public static Gen<OpCase> ElementWise { get; } =
        from x in Map
        from other in Gen.OneOf("same", "one pixel", "one channel", "itself")
        from swap in Gen.Bool
        from add in Gen.Bool
        from functions in Gen.Select(Function, Function)
        from result in Case($"{(add ? "add" : "mul")} {other}{(swap ? " swapped" : "")}", x, (layers, input) =>
        {
            Tensor b = other switch
            {
                "same" => layers.Conv2d(input, "gate", x.C, 1),
                "one pixel" => layers.Conv2d(input.AdaptiveAvgPool2d(1), "gate", x.C, 1),
                "one channel" => layers.Conv2d(input, "gate", 1, 1),
                _ => input,
            };
            b = RandomLayers.Activate(b, functions.Item1, "gated");
            (Tensor left, Tensor right) = swap ? (b, input) : (input, b);
            return RandomLayers.Activate(add ? left.Add(right) : left.Mul(right), functions.Item2);
        })
        select result;

    /// <summary>Concatenations of odd channel counts, some of them read elsewhere too, that feed a convolution or an output.</summary>
    public static Gen<OpCase> Concatenations { get; } =
        from x in Map
        from widths in Gen.Int[1, 37].Array[1, 4]
        from twice in Gen.Bool
        from input in Gen.Bool
        from k in Gen.Int[0, 40]
        from function in Function
        from result in Case($"concat of {string.Join("+", widths)}{(input ? "+input" : "")}{(twice ? ", then again" : "")} to {k}", Small(x, (widths.Sum() + x.C) * 9L * (k + 1) / x.C), (layers, picture) =>
        {
            Tensor[] parts = [.. widths.Select((width, i) => RandomLayers.Activate(layers.Conv2d(picture, $"part{i}", width, 1), function, $"act{i}"))];
            Tensor y = Tensor.Cat(parts[0], [.. parts.Skip(1), .. input ? [picture] : Array.Empty<Tensor>()]);
            if (twice) y = Tensor.Cat(parts[^1], y, parts[0]);
            return k > 0 ? layers.Conv2d(y, "conv", k, 3, padding: 1) : y;
        })
        select result;

    /// <summary>1x1 convolutions that read a part that is the same at every pixel, and that a head may read.</summary>
    public static Gen<OpCase> PointwiseChains { get; } =
        from x in Map
        from before in Gen.Int[0, 2]
        from constants in Gen.Int[0, 2]
        from after in Gen.Int[0, 2]
        from width in Gen.Int[1, 40]
        from k in Gen.OneOf(Gen.Int[2, 70], Gen.Int[250, 260])
        from head in Gen.Int[0, 2]
        from gate in Gen.Bool
        from function in Function
        from result in Case($"{before} maps, {constants} constants, {after} maps of {width}{(gate ? ", gated" : "")} to {k}, {head} channels of a head", Small(x, ((before + constants + after + 1) * width) + k), (layers, picture) =>
        {
            Tensor first = RandomLayers.Activate(layers.Conv2d(picture, "first", width, 1), function, "first.act");
            Tensor[] parts =
            [
                .. Enumerable.Range(0, before).Select(i => layers.Conv2d(picture, $"before{i}", width + i, 1)),
                .. Enumerable.Range(0, constants).Select(i => layers.Conv2d(first.AdaptiveAvgPool2d(1), $"constant{i}", width + i + 1, 1).UpsampleBilinear(picture, i == 0)),
                .. Enumerable.Range(0, after).Select(i => layers.Conv2d(picture, $"after{i}", width + i, 3, padding: 1)),
            ];
            Tensor y = parts.Length == 0 ? first : parts.Length == 1 ? parts[0] : Tensor.Cat(parts[0], parts.AsSpan(1));
            if (gate) y = y.Mul(layers.Conv2d(y.AdaptiveAvgPool2d(1), "gate", y.Shape.C, 1).Sigmoid());
            y = RandomLayers.Activate(layers.Conv2d(y, "conv", k, 1), function, "act");
            return head == 0 ? y : RandomLayers.Activate(layers.Conv2d(y, "head", head, 1), function, "head.act");
        })
        select result;

    public static Gen<OpCase> GroupNorms { get; } =
        from groups in Gen.OneOf(Gen.Const(32), Gen.Int[1, 7])
        from width in Gen.Int[1, 5]
        from x in Map
        from conv in Gen.Bool
        from function in Function
        from result in Case($"group norm of {groups} x {width}, conv {conv}", x with { C = groups * width }, (layers, input) =>
        {
            Tensor y = conv ? layers.Conv2d(input, "conv", groups * width, 1) : input;
            return RandomLayers.Activate(layers.GroupNorm(y, "norm", groups), function);
        })
        select result;

    public static Gen<OpCase> PositionAttentions { get; } =
        from x in Gen.Select(Batch, Gen.Int[1, 20], Gen.Int[1, 9], Gen.Int[1, 9], (n, c, h, w) => new Shape(n, c, h, w))
        from p in Gen.Int[1, 20]
        from c in Gen.Int[1, 35]
        from result in Case($"position attention {p} to {c}", x, (layers, input) => layers.Conv2d(input, "top", p, 1).Apply(
            new PositionAttentionOp(), layers.Conv2d(input, "center", p, 1), layers.Conv2d(input, "bottom", c, 1)))
        select result;

    /// <summary>A case of a network over a seed's layers, fused mostly. Of the taps those stay that the output depends on.</summary>
    public static Gen<OpCase> Case(string description, Shape input, Func<RandomLayers, Tensor, Tensor> network, params string[] taps) =>
        Gen.Select(Seed, Patterns, (seed, patterns) =>
        {
            Graph graph = Graph.Record(input, x => network(new RandomLayers(seed), x));
            var options = new LoadOptions { Patterns = patterns, Taps = [.. taps.Where(graph.Taps.ContainsKey)] };
            return new OpCase(description, graph, seed, options);
        });

    private static Gen<(int, int)> Square(int low, int high) => Gen.Int[low, high].Select(size => (size, size));

    private static Gen<OpCase> Convolution(int c, int k, int groups, (int R, int S) kernel, Gen<int> dilations) =>
        from dilation in dilations
        from stride in Gen.Frequency((3, Gen.Const(1)), (2, Gen.Const(2)), (1, Gen.Const(3)))
        from padding in Paddings(dilation * (kernel.R - 1), dilation * (kernel.S - 1))
        from batch in Batch
        from extra in Gen.Select(Height, Width)
        from bias in Gen.Bool
        from norm in Gen.Bool
        from residual in Gen.Enum<Residual>()
        from function in Function
        let leastH = Math.Max(1, (dilation * (kernel.R - 1)) + 1 - padding.Top - padding.Bottom)
        let leastW = Math.Max(1, (dilation * (kernel.S - 1)) + 1 - padding.Left - padding.Right)
        let free = new Shape(batch, c, Math.Max(extra.Item1, leastH), Math.Max(extra.Item2, leastW))
        let x = Small(free, (long)k * kernel.R * kernel.S / groups / stride / stride, leastH, leastW)
        from result in Case(
            $"conv {kernel.R}x{kernel.S} to {k}, stride {stride}, {padding}, dilation {dilation}, groups {groups}, "
            + $"bias {bias}, norm {norm}, residual {residual}, {function}",
            x,
            (layers, input) =>
            {
                Tensor y = layers.Conv2d(input, "conv", k, kernel.R, kernel.S, stride, padding, dilation, groups, bias);
                if (norm) y = layers.BatchNorm(y, "norm");
                if (residual != Residual.None)
                {
                    Tensor shortcut = layers.Conv2d(input, "shortcut", k, kernel.R, kernel.S, stride, padding, dilation, groups);
                    y = residual == Residual.ConvPlusShortcut ? y.Add(shortcut) : shortcut.Add(y);
                }
                return RandomLayers.Activate(y, function);
            })
        select result;

    // None, PyTorch's symmetric "same", TensorFlow's "same" of one more on the far side, or anything.
    private static Gen<Padding> Paddings(int spanH, int spanW) => Gen.OneOf(
        Gen.Const(new Padding(spanW / 2, spanH / 2, spanW / 2, spanH / 2)),
        Gen.Const(new Padding((spanW - 1) / 2, (spanH - 1) / 2, spanW / 2, spanH / 2)),
        Gen.Select(Gen.Int[0, 4], Gen.Int[0, 4], Gen.Int[0, 4], Gen.Int[0, 4], (l, t, r, b) => new Padding(l, t, r, b)),
        Gen.Const(default(Padding)));

    private static Tensor Finish(RandomLayers layers, Tensor y, bool norm, Activation function) =>
        RandomLayers.Activate(norm ? layers.BatchNorm(y, "norm") : y, function);

    /// <summary>Keeps a case quick: one picture, then fewer columns and rows, where the work per input element asks for it.</summary>
    private static Shape Small(Shape x, long macsPerElement, int leastH = 1, int leastW = 1)
    {
        if (x.Count * macsPerElement > MaxMacs) x = x with { N = 1 };
        while (x.Count * macsPerElement > MaxMacs && x.W > leastW) x = x with { W = Math.Max(leastW, x.W * 2 / 3) };
        while (x.Count * macsPerElement > MaxMacs && x.H > leastH) x = x with { H = Math.Max(leastH, x.H * 2 / 3) };
        return x;
    }
}
