using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Reference;

/// <summary>A small graph around one operation, with seeded weights and input; as traced, so that a backend fuses it.</summary>
internal sealed record OperationCase(string Description, Graph Graph, int Seed)
{
    /// <summary>An input of a shape, in NCHW order.</summary>
    public float[] Input(Shape shape) => RandomLayers.Values(Seed, "input", checked((int)shape.Count), -1, 1);
}

/// <summary>
/// The one list of cases for every operation: the tests of backends, <c>selftest</c> and the check of the ONNX exporter draw random small
/// ones of it over odd sizes (tails of whatever a kernel tiles by, padding on one side, several images), and the benchmarks take the layers
/// that the networks have. The same seed draws the same case everywhere.
/// </summary>
internal static class OperationCases
{
    private const long MaxMacs = 4_000_000;
    private const int SingleEvery = 6;

    private delegate Tensor Network(Tensor x, RandomLayers layers);

    private static readonly (string Name, bool Tiled, Func<Draw, Drawn> Of)[] Kinds =
    [
        ("conv2d 1x1", true, d => Convolution(d, d.Channels(), d.Channels(), 1, (1, 1), 1)),
        ("conv2d 3x3", true, d => Convolution(d, d.Channels(), d.Channels(), 1, (3, 3), 1)),
        ("conv2d of any window", true, d => Convolution(d, d.Channels(), d.Channels(), 1, (d.Int(1, 7), d.Int(1, 7)), 1)),
        ("conv2d dilated", true, d => Convolution(d, d.Channels(), d.Channels(), 1, d.Of((3, 3), (3, 3), (3, 3), (2, 2), (5, 5)),
            d.Int(2, 24))),
        ("conv2d in groups", true, Grouped),
        ("conv2d to one channel", false, d => Convolution(d, d.Int(2, 300), 1, 1, d.Of((1, 1), (3, 3), (7, 7)), 1)),
        ("conv2d from three channels", false, d => Convolution(d, 3, d.Channels(), 1, d.Of((3, 3), (3, 3), (7, 7)), 1)),
        ("conv2d from one channel", false, d => Convolution(d, 1, d.Channels(), 1, d.Of((1, 1), (3, 3), (2, 5)), 1)),
        ("conv2d depthwise", false, Depthwise),
        ("conv_transpose2d", true, Transposed),
        ("conv2d 1x1 chains", false, PointwiseChain),
        ("batch_norm", false, d => Activated(d, d.Map(), "batch norm", (x, layers) => layers.BatchNorm(x, "norm"))),
        ("group_norm", false, GroupNorm),
        ("max_pool2d", false, MaxPool),
        ("adaptive_avg_pool2d", false, AveragePool),
        ("upsample_nearest", false, d => Upsampled(d, "nearest")),
        ("upsample_bilinear", false, d => Upsampled(d, d.Of("by a factor", "to a size"))),
        ("add and mul", false, Elementwise),
        ("cat", false, Concatenated),
        ("squeeze and excite", true, SqueezeExcite),
        ("position_attention", false, Attention),
        ("activations", false, d => new Drawn("activations", d.Map(), (x, _) => x.SiLU().Add(x.ReLU()).Mul(x.Sigmoid()))),
        ("hard activations", false, HardActivations),
        ("avg_pool2d", false, WindowPool),
        ("slice", false, Sliced),
        ("softmax", false, Softmax),
        ("channel_norm", false, d => Activated(d, d.Map(), "channel norm", (x, layers) => layers.ChannelNorm(x, "norm"))),
    ];

    /// <summary>The operations' names.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Kinds.Select(kind => kind.Name)];

    /// <summary>The names of those that convolutions by tiles compute on a GPU.</summary>
    public static IReadOnlyList<string> TiledNames { get; } = [.. Kinds.Where(kind => kind.Tiled).Select(kind => kind.Name)];

    /// <summary>Layers of the nine networks, each by itself at the size that it has there, to be timed.</summary>
    public static IReadOnlyList<(string Name, Graph Graph)> Layers =>
    [
        Layer("3x3 64>64 96x96", 64, 96, (x, l) => l.Conv2d(x, "a", 64, 3, padding: 1).ReLU()),
        Layer("3x3 256>256 24x24", 256, 24, (x, l) => l.Conv2d(x, "b", 256, 3, padding: 1).ReLU()),
        Layer("3x3 32>16 384x384", 32, 384, (x, l) => l.Conv2d(x, "c", 16, 3, padding: 1).ReLU()),
        Layer("3x3 d12 256>256 64x64", 256, 64, (x, l) => l.Conv2d(x, "d", 256, 3, padding: 12, dilation: 12)),
        Layer("3x3 g32 256>256 48x48", 256, 48, (x, l) => l.Conv2d(x, "e", 256, 3, padding: 1, groups: 32)),
        Layer("stem 3x3 s2 3>32 512x512", 3, 512, (x, l) => l.Conv2d(x, "f", 32, 3, stride: 2, padding: new Padding(0, 0, 1, 1)).SiLU()),
        Layer("1x1 96>24 128x128", 96, 128, (x, l) => l.Conv2d(x, "g", 24, 1)),
        Layer("1x1 24>144 128x128", 24, 128, (x, l) => l.Conv2d(x, "h", 144, 1).SiLU()),
        Layer("1x1 1152>320 16x16", 1152, 16, (x, l) => l.Conv2d(x, "i", 320, 1)),
        Layer("depthwise 3x3 144 128x128", 144, 128, (x, l) => l.Conv2d(x, "j", 144, 3, padding: 1, groups: 144).SiLU()),
        Layer("depthwise 5x5 s2 240 64x64", 240, 64, (x, l) => l.Conv2d(x, "k", 240, 5, stride: 2, padding: 2, groups: 240).SiLU()),
        Layer("transposed 4x4 s2 64>64 60x60", 64, 60, (x, l) => l.ConvTranspose2d(x, "l", 64, 4, 2, 1)),
        Layer("bilinear x4 256 32x32", 256, 32, (x, _) => x.UpsampleBilinear(4, alignCorners: true)),
        Layer("nearest x2 64 96x96", 64, 96, (x, _) => x.UpsampleNearest(2)),
        Layer("max pool 3x3 s2 64 192x192", 64, 192, (x, _) => x.MaxPool2d(3, 2, ceilMode: true)),
        Layer("squeeze-excite scale 144 128x128", 144, 128, (x, _) => x.Mul(x.AdaptiveAvgPool2d(1).Sigmoid())),
        Layer("group norm 32 of 128 136x136", 128, 136, (x, l) => l.GroupNorm(x, "m", 32).ReLU()),
        Layer("position attention 64 16x16", 64, 16, (x, _) => x.Apply(new PositionAttentionOp(), x, x)),
    ];

    /// <summary>The case of an operation that a seed stands for.</summary>
    public static OperationCase Make(string name, int seed)
    {
        Drawn drawn = Kinds.First(kind => kind.Name == name).Of(new Draw(new Random(seed), seed % SingleEvery == SingleEvery - 1));
        Graph graph = Graph.Record(drawn.Input, x => drawn.Network(x, new RandomLayers(seed)));
        return new OperationCase($"{drawn.Description} of {drawn.Input} to {graph.Outputs[0].Shape}, seed {seed}", graph, seed);
    }

    // Bias, batch norm, a residual on either side and an activation, each or none, around the convolution itself.
    private static Drawn Convolution(Draw d, int c, int k, int groups, (int R, int S) kernel, int dilation)
    {
        int stride = d.Of(1, 1, 1, 2, 2, 3), spanH = dilation * (kernel.R - 1), spanW = dilation * (kernel.S - 1);
        // None, PyTorch's symmetric "same", TensorFlow's "same" of one more on the far side, or anything.
        Padding padding = d.Int(0, 3) switch
        {
            0 => new Padding(spanW / 2, spanH / 2, spanW / 2, spanH / 2),
            1 => new Padding((spanW - 1) / 2, (spanH - 1) / 2, spanW / 2, spanH / 2),
            2 => new Padding(d.Int(0, 4), d.Int(0, 4), d.Int(0, 4), d.Int(0, 4)),
            _ => default,
        };
        (bool bias, bool norm, int residual, Activation function) = (d.Chance(2), d.Chance(2), d.Int(0, 2), d.Function());
        // A window larger than the padded map would be refused.
        int minH = Math.Max(1, spanH + 1 - padding.Top - padding.Bottom), minW = Math.Max(1, spanW + 1 - padding.Left - padding.Right);
        Shape map = d.Map(c), x = Small(map with { H = Math.Max(map.H, minH), W = Math.Max(map.W, minW) },
            (long)k * kernel.R * kernel.S / groups / stride / stride, minH, minW);
        string text = $"conv {kernel.R}x{kernel.S} to {k}, stride {stride}, {padding}, dilation {dilation}, groups {groups}, bias {bias}, "
            + $"norm {norm}, residual {residual}, {function}";
        return new Drawn(text, x, (input, layers) =>
        {
            Tensor y = layers.Conv2d(input, "conv", k, kernel.R, kernel.S, stride, padding, dilation, groups, bias);
            if (norm) y = layers.BatchNorm(y, "norm");
            if (residual > 0)
            {
                Tensor shortcut = layers.Conv2d(input, "shortcut", k, kernel.R, kernel.S, stride, padding, dilation, groups);
                y = residual == 1 ? y.Add(shortcut) : shortcut.Add(y);
            }
            return RandomLayers.Activate(y, function);
        });
    }

    private static Drawn Grouped(Draw d)
    {
        int groups = d.Int(2, 8), width = d.Of(d.Int(2, 19), 4, 8, 16, 56), filters = d.Chance(2) ? width : d.Int(1, 19);
        return Convolution(d, groups * width, groups * filters, groups, d.Of((1, 1), (3, 3), (3, 3), (d.Int(1, 5), d.Int(1, 5))), 1);
    }

    private static Drawn Depthwise(Draw d)
    {
        int c = d.Channels(), multiplier = d.Of(1, 1, 1, 1, 2);
        return Convolution(d, c, c * multiplier, c, d.Of((3, 3), (3, 3), (5, 5), (5, 5), (7, 7), (d.Int(1, 7), d.Int(1, 7))),
            d.Of(1, 1, 1, d.Int(2, 12)));
    }

    private static Drawn Transposed(Draw d)
    {
        int k = d.Channels(), r = d.Of(4, 4, 4, d.Int(1, 5)), stride = r == 4 ? 2 : d.Int(1, 3),
            padding = r == 4 ? 1 : Math.Min(d.Int(0, 2), (r - 1) / 2);
        (bool bias, bool norm) = (d.Chance(2), d.Chance(2));
        return Activated(d, Small(d.Map(), (long)k * r * r),
            $"transposed convolution {r}x{r} stride {stride} to {k}, bias {bias}, norm {norm}", (x, layers) =>
        {
            Tensor y = layers.ConvTranspose2d(x, "up", k, r, stride, padding, bias);
            return norm ? layers.BatchNorm(y, "norm") : y;
        });
    }

    // 1x1 convolutions that read a part that is the same at every pixel, and that a head may read.
    private static Drawn PointwiseChain(Draw d)
    {
        (int before, int constants, int after, int width, int head) = (d.Int(0, 2), d.Int(0, 2), d.Int(0, 2), d.Int(1, 40), d.Int(0, 2));
        (int k, bool gate, Activation function) = (d.Chance(2) ? d.Int(2, 70) : d.Int(250, 260), d.Chance(2), d.Function());
        string text =
            $"{before} maps, {constants} constants, {after} maps of {width}{(gate ? ", gated" : "")} to {k}, {head} channels of a head";
        return new Drawn(text, Small(d.Map(), ((before + constants + after + 1) * width) + k), (x, layers) =>
        {
            Tensor first = RandomLayers.Activate(layers.Conv2d(x, "first", width, 1), function, "first.act");
            Tensor[] parts =
            [
                .. Enumerable.Range(0, before).Select(i => layers.Conv2d(x, $"before{i}", width + i, 1)),
                .. Enumerable.Range(0, constants)
                    .Select(i => layers.Conv2d(first.AdaptiveAvgPool2d(1), $"constant{i}", width + i + 1, 1).UpsampleBilinear(x, i == 0)),
                .. Enumerable.Range(0, after).Select(i => layers.Conv2d(x, $"after{i}", width + i, 3, padding: 1)),
            ];
            Tensor y = parts.Length == 0 ? first : parts.Length == 1 ? parts[0] : Tensor.Cat(parts[0], parts.AsSpan(1));
            if (gate) y = y.Mul(layers.Conv2d(y.AdaptiveAvgPool2d(1), "gate", y.Shape.C, 1).Sigmoid());
            y = RandomLayers.Activate(layers.Conv2d(y, "conv", k, 1), function, "act");
            return head == 0 ? y : RandomLayers.Activate(layers.Conv2d(y, "head", head, 1), function, "head.act");
        });
    }

    private static Drawn GroupNorm(Draw d)
    {
        (int groups, int width, bool conv) = d.IsSingle ? (1, 1, false) : (d.Of(1, 32, d.Int(2, 7)), d.Int(1, 5), d.Chance(2));
        return Activated(d, d.Map(groups * width), $"group norm of {groups} x {width}, conv {conv}", (x, layers) =>
            layers.GroupNorm(conv ? layers.Conv2d(x, "conv", groups * width, 1) : x, "norm", groups));
    }

    private static Drawn MaxPool(Draw d)
    {
        (int kernel, int stride, bool ceil, Shape map) = (d.Int(1, 5), d.Int(1, 3), d.Chance(2), d.Map());
        int padding = d.Int(0, kernel / 2);
        return new Drawn(
            $"max pool {kernel} stride {stride} padding {padding}{(ceil ? " ceil" : "")}",
            map with { H = Math.Max(map.H, kernel), W = Math.Max(map.W, kernel) },
            (x, _) => x.MaxPool2d(kernel, stride, padding, ceil));
    }

    private static Drawn AveragePool(Draw d)
    {
        int bins = d.Of(1, 2, 3, 6, d.Int(1, 20));
        return new Drawn($"adaptive pool to {bins}", d.Map(), (x, _) => x.AdaptiveAvgPool2d(bins));
    }

    private static Drawn WindowPool(Draw d)
    {
        (int kernel, int stride, bool ceil, bool include, Shape map) = (d.Int(1, 5), d.Int(1, 3), d.Chance(2), d.Chance(2), d.Map());
        int padding = d.Int(0, kernel / 2);
        return new Drawn(
            $"average pool {kernel} stride {stride} padding {padding}{(include ? " counted" : "")}{(ceil ? " ceil" : "")}",
            map with { H = Math.Max(map.H, kernel), W = Math.Max(map.W, kernel) },
            (x, _) => x.AvgPool2d(kernel, stride, padding, ceil, include));
    }

    // A run that begins at a multiple of 8 channels or anywhere, of the input or of a map, and that something reads.
    private static Drawn Sliced(Draw d)
    {
        int channels = d.IsSingle ? 1 : d.Int(2, 70), start = d.Chance(2) ? d.Int(0, channels - 1) : d.Int(0, channels - 1) / 8 * 8;
        (int count, bool conv, bool add) = (d.Chance(4) ? 1 : d.Int(1, channels - start), d.Chance(2), d.Chance(2));
        return Activated(d, d.Map(channels), $"channels {start} to {start + count - 1}, conv {conv}, add {add}", (x, layers) =>
        {
            Tensor y = (conv ? layers.Conv2d(x, "conv", channels, 1) : x).Slice(start, count);
            return add ? y.Add(layers.Conv2d(x, "added", count, 1)) : y;
        });
    }

    private static Drawn Softmax(Draw d)
    {
        (int cardinality, int radix, int width) = d.IsSingle ? (1, 1, 1) : (d.Of(1, 1, 2, 3), d.Int(1, 6), d.Of(1, 1, d.Int(2, 9), 8));
        return new Drawn(
            $"softmax of {cardinality} x {radix} x {width}", d.Map(cardinality * radix * width), (x, _) => x.Softmax(radix, cardinality));
    }

    private static Drawn HardActivations(Draw d)
    {
        Activation function = d.Of(Activation.ReLU6, Activation.HardSigmoid, Activation.HardSwish);
        (int k, bool conv, Shape map) = (d.Channels(), d.Chance(2), d.Map());
        // Numbers on both sides of -3, 3 and 6.
        return new Drawn($"{function}, conv {conv} to {k}", map, (x, layers) =>
        {
            Tensor y = conv ? layers.Conv2d(x, "conv", k, 1) : x;
            for (int i = 0; i < 3; i++) y = y.Add(y);
            return RandomLayers.Activate(conv ? layers.Conv2d(y, "after", k, 3, padding: 1) : y, function);
        });
    }

    // Between 1x1 and 3x3 convolutions, which a backend may fuse with it or swap with it; beside a skip connection or alone.
    private static Drawn Upsampled(Draw d, string kind)
    {
        (int scale, int size, bool aligned, bool before, int after, int k, bool skip) =
            (d.Of(1, 2, 2, 2, 3, 4, 8), d.Int(1, 30), d.Chance(2), d.Chance(2) && !d.IsSingle, d.Of(0, 1, 3), d.Of(13, 20), d.Chance(2));
        Activation function = d.Function();
        var map = new Shape(d.Batch(), d.IsSingle ? 1 : d.Int(1, 40), d.Int(1, 9), d.Int(1, 13));
        string text = $"upsample {kind} ({scale}, {size}){(aligned ? " aligned" : "")}, conv before {before}, skip {skip}, after "
            + $"{after}x{after} to {k}";
        return new Drawn(text, map, (x, layers) =>
        {
            Tensor y = before ? layers.Conv2d(x, "before", 11, 1) : x;
            y = kind switch
            {
                "nearest" => y.UpsampleNearest(scale),
                "by a factor" => y.UpsampleBilinear(scale, aligned),
                _ => y.UpsampleBilinear(x.AdaptiveAvgPool2d(size), aligned),
            };
            y = RandomLayers.Activate(y, function);
            if (skip) y = Tensor.Cat(y, x.UpsampleBilinear(y, aligned));
            return after > 0 ? layers.Conv2d(y, "after", k, after, padding: after / 2) : y;
        });
    }

    // Equal in size or spread: residuals, squeeze-and-excite, spatial gates, pooled context.
    private static Drawn Elementwise(Draw d)
    {
        (string other, bool swap, bool add, bool more, Activation first) =
            (d.Of("same", "one pixel", "one channel", "itself"), d.Chance(2), d.Chance(2), d.Chance(2), d.Function());
        return Activated(d, d.Map(), $"{(add ? "add" : "mul")} {other}{(swap ? " swapped" : "")}{(more ? ", and a sum" : "")}",
            (x, layers) =>
        {
            Tensor b = other switch
            {
                "same" => layers.Conv2d(x, "gate", x.Shape.C, 1),
                "one pixel" => layers.Conv2d(x.AdaptiveAvgPool2d(1), "gate", x.Shape.C, 1),
                "one channel" => layers.Conv2d(x, "gate", 1, 1),
                _ => x,
            };
            b = RandomLayers.Activate(b, first, "gated");
            (Tensor left, Tensor right) = swap ? (b, x) : (x, b);
            Tensor y = add ? left.Add(right) : left.Mul(right);
            return more ? y.Add(layers.Conv2d(x, "added", x.Shape.C, 1)) : y;
        });
    }

    // Of odd channel counts, some of them read elsewhere too, that feed a convolution or an output.
    private static Drawn Concatenated(Draw d)
    {
        int[] widths = [.. Enumerable.Range(0, d.Int(1, 4)).Select(_ => d.Of(d.Int(1, 37), 8 * d.Int(1, 4)))];
        (bool twice, bool withInput, int k, Activation function, Shape map) =
            (d.Chance(2), d.Chance(2), d.Int(0, 40), d.Function(), d.Map());
        string text = $"concat of {string.Join("+", widths)}{(withInput ? "+input" : "")}{(twice ? ", then again" : "")} to {k}";
        return new Drawn(text, Small(map, (widths.Sum() + map.C) * 9L * (k + 1) / map.C), (x, layers) =>
        {
            Tensor[] parts = [.. widths.Select(
                (width, i) => RandomLayers.Activate(layers.Conv2d(x, $"part{i}", width, 1), function, $"act{i}"))];
            Tensor y = Tensor.Cat(parts[0], [.. parts.Skip(1), .. withInput ? [x] : Array.Empty<Tensor>()]);
            if (twice) y = Tensor.Cat(parts[^1], y, parts[0]);
            return k > 0 ? layers.Conv2d(y, "conv", k, 3, padding: 1) : y;
        });
    }

    // The block of a network's own input is not one that kernels take whole.
    private static Drawn SqueezeExcite(Draw d)
    {
        (int width, int hidden, int k, bool swish) = (d.Int(2, 70), d.Int(1, 40), d.Channels(), d.Chance(2));
        return Activated(d, d.Map(), $"squeeze and excite of {width} by {hidden}, to {k}", (x, layers) =>
        {
            x = layers.Conv2d(x, "before", width, 1);
            Tensor gate = layers.Conv2d(x.AdaptiveAvgPool2d(1), "reduce", hidden, 1);
            gate = layers.Conv2d(swish ? gate.SiLU() : gate.ReLU(), "expand", width, 1).Sigmoid();
            return layers.Conv2d(x.Mul(gate), "project", k, 1);
        });
    }

    private static Drawn Attention(Draw d)
    {
        (int narrow, int wide) = d.IsSingle ? (1, 1) : (d.Int(1, 20), d.Int(1, 35));
        var map = new Shape(d.Batch(), d.Int(1, 20), d.Int(1, 9), d.Int(1, 9));
        return new Drawn($"position attention {narrow} to {wide}", map, (x, layers) =>
            layers.Conv2d(x, "top", narrow, 1)
                .Apply(new PositionAttentionOp(), layers.Conv2d(x, "center", narrow, 1), layers.Conv2d(x, "bottom", wide, 1)));
    }

    private static Drawn Activated(Draw d, Shape input, string description, Network network)
    {
        Activation function = d.Function();
        return new Drawn($"{description}, {function}", input, (x, layers) => RandomLayers.Activate(network(x, layers), function));
    }

    // Keeps a case quick: one image, then fewer columns and rows, where the work for each input element asks for it.
    private static Shape Small(Shape x, long macsPerElement, int minH = 1, int minW = 1)
    {
        if (x.Count * macsPerElement > MaxMacs) x = x with { N = 1 };
        while (x.Count * macsPerElement > MaxMacs && x.W > minW) x = x with { W = Math.Max(minW, x.W * 2 / 3) };
        while (x.Count * macsPerElement > MaxMacs && x.H > minH) x = x with { H = Math.Max(minH, x.H * 2 / 3) };
        return x;
    }

    private static (string, Graph) Layer(string name, int channels, int size, Network network) =>
        (name, Graph.Record(new Shape(1, channels, size, size), x => network(x, new RandomLayers(0))));

    private sealed record Drawn(string Description, Shape Input, Network Network);

    /// <summary>What a seed draws; every dimension of a map has tails, whatever a backend tiles it by.</summary>
    private sealed class Draw(Random random, bool single)
    {
        /// <summary>Whether the map has one channel, for which a GPU has kernels of its own: every sixth seed.</summary>
        public bool IsSingle => single;

        public int Int(int low, int high) => random.Next(low, high + 1);

        public T Of<T>(params ReadOnlySpan<T> values) => values[random.Next(values.Length)];

        public bool Chance(int of) => random.Next(of) == 0;

        public int Batch() => Of(1, 1, 1, 1, 2, 3);

        public int Channels() => Int(0, 5) switch { 0 => 1, 1 or 2 => Of(3, 4, 8, 16, 32, 33, 48, 64, 128), _ => Int(2, 70) };

        public Activation Function() => Of(Activation.None, Activation.ReLU, Activation.SiLU, Activation.Sigmoid);

        public Shape Map(int? channels = null) =>
            new(Batch(), channels ?? (single ? 1 : Channels()), Int(1, 17), Chance(4) ? Int(18, 53) : Int(1, 17));
    }
}
