using CsCheck;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Kernels.Tests;

public sealed class ElementwiseTests
{
    private const double Unit = 1.0 / (1 << 24);

    [Theory, MemberData(nameof(MapCase.Kinds), MemberType = typeof(MapCase))]
    public void Scale_and_shift_match_the_reference(Storage storage, bool single) =>
        Gen.Select(MapCase.Of(storage, single), MapCase.Activations, Gen.Bool).Sample(
        (test, activation, norm) =>
        {
            int channels = test.Shape.C;
            Parameter Of(string key, double low) => new(key, [channels], () => test.Numbers(key, channels, low));
            var plain = new BatchNormOp(Of("weight", -1), Of("bias", -1), Of("mean", -1), Of("variance", 0.2), 1e-3f);
            Tensor input = test.Input();
            Map x = test.Values("x"), y = norm ? Expected.Run(Tensor.Create(plain, [input], "norm"), x) : x, activated = new(x.Shape);
            Activations.Run(activation, y, activated);
            Tensor node = Tensor.Create(norm ? plain with { Activation = activation } : new ActivationOp(activation), [input], "node");
            using var gpu = new Gpu();
            Map actual = new HostRun(gpu, storage).With(input, x, test.Slice)
                .Run(new PerChannel(node, HostRun.Kernels(storage)), !test.Slice);
            // Scales are at most 1 / sqrt(0.2), products and shifts a few.
            Expected.Within(activated, _ => 48 * Unit, storage).Check(actual, $"{test}, {activation}, norm {norm}");
        },
        iter: 8, threads: 1);

    public static MatrixTheoryData<Storage, bool, bool> SumsAndProducts { get; } =
        new([Storage.F32, Storage.F16], [false, true], [false, true]);

    [Theory, MemberData(nameof(SumsAndProducts))]
    public void Sums_and_products_spread_and_match_the_reference(Storage storage, bool single, bool add) => Gen.Select(
        MapCase.Of(storage, single), Gen.OneOf("same", "pixel", "channel"), Gen.Bool, Gen.Bool, MapCase.Activations).Sample(
        (test, other, swap, residual, activation) =>
        {
            using var gpu = new Gpu();
            Shape spread = other switch
            {
                "same" => test.Shape,
                "pixel" => test.Shape with { H = 1, W = 1 },
                _ => test.Shape with { C = 1 }
            };
            Tensor left = test.Input(), right = test.Input(spread), added = test.Input();
            Map a = test.Values("a"), b = test.Values("b", spread), shortcut = test.Values("residual");
            HostRun run = new HostRun(gpu, storage).With(left, a, test.Slice).With(right, b).With(added, shortcut, test.Slice);
            Tensor[] operands = swap ? [right, left] : [left, right];
            // A sum behind a product is one launch with it; a sum of three is not made.
            bool fused = residual && !add;
            ActivatedOp op = add ? new AddOp { Activation = activation } : new MulOp { Activation = fused ? Activation.None : activation };
            Tensor node = Tensor.Create(op, operands, "node");
            Tensor sum = fused ? Tensor.Create(new AddOp { Activation = activation }, [node, added], "sum") : node;
            Map y = Expected.Run(node, swap ? [b, a] : [a, b]);
            if (fused) y = Expected.Run(sum, y, shortcut);
            Map actual = run.Run(new Elementwise(sum, fused ? (node, added) : null, HostRun.Kernels(storage)), !test.Slice);
            Expected.Within(y, _ => 24 * Unit, storage).Check(actual, $"{test}, {other}, swapped {swap}, add {add}, {activation}");
        },
        iter: 8, threads: 1);

    [Theory, MemberData(nameof(Storages.All), MemberType = typeof(Storages))]
    public void Parts_of_a_concatenation_are_copied_to_any_channel(Storage storage) => Gen.Select(
        MapCase.Of(storage, single: false), Gen.OneOf(Gen.Int[1, 20], Gen.OneOf(8, 16)), Gen.Int[1, 20]).Sample(
        (test, first, second) =>
        {
            using var gpu = new Gpu();
            Tensor left = test.Input(test.Shape with { C = first }), right = test.Input(test.Shape with { C = second }),
                node = Tensor.Create(new ConcatOp(), [left, right], "cat");
            Map a = test.Values("a", left.Shape), b = test.Values("b", right.Shape), y = Expected.Run(node, a, b);
            Map actual = new HostRun(gpu, storage).With(left, a, test.Slice).With(right, b)
                .Run(new Engine.Backends.Cuda.Concat(node, HostRun.Kernels(storage)));
            Expected.Exactly(y).Check(actual, test.ToString());
        },
        iter: 12, threads: 1);

    [Theory, MemberData(nameof(Storages.All), MemberType = typeof(Storages))]
    public void Runs_of_channels_are_copied_from_any_channel(Storage storage) => Gen.Select(
        MapCase.Of(storage, single: false),
        Gen.OneOf(Gen.Int[0, 20], Gen.OneOf(0, 8, 16)), Gen.OneOf(Gen.Const(1), Gen.Int[1, 20]), Gen.Int[0, 9]).Sample(
        (test, start, count, more) =>
        {
            using var gpu = new Gpu();
            test = test with { Shape = test.Shape with { C = start + count + more } };
            var op = new SliceOp(start, count);
            Tensor input = test.Input(), node = Tensor.Create(op, [input], "slice");
            Map x = test.Values("x"), y = Expected.Run(node, x);
            Map actual = new HostRun(gpu, storage).With(input, x, test.Slice).Run(new ChannelSlice(node, op, HostRun.Kernels(storage)));
            Expected.Exactly(y).Check(actual, $"{test}, {count} from {start}");
        },
        iter: 12, threads: 1);

    [Theory, MemberData(nameof(Storages.All), MemberType = typeof(Storages))]
    public void Softmaxes_match_the_reference(Storage storage) => Gen.Select(
        MapCase.Of(storage, single: false), Gen.Int[1, 3], Gen.Int[1, 5], Gen.Int[1, 9], Gen.OneOf(1, 30)).Sample(
        (test, cardinality, radix, width, scale) =>
        {
            using var gpu = new Gpu();
            test = test with { Shape = test.Shape with { C = cardinality * radix * width } };
            var op = new SoftmaxOp(radix, cardinality);
            Tensor input = test.Input(), node = Tensor.Create(op, [input], "softmax");
            Map x = test.Values("x", low: -scale, high: scale), y = Expected.Run(node, x);
            Map actual = new HostRun(gpu, storage).With(input, x, test.Slice)
                .Run(new Engine.Backends.Cuda.Softmax(node, op, HostRun.Kernels(storage)));
            // Of an exponential's argument of at most 2 scale, in units of the result, which is at most 1.
            Expected.Within(y, _ => (16 + (8 * scale)) * Unit, storage).Check(actual, $"{test}, {cardinality} x {radix} x {width}");
        },
        iter: 10, threads: 1);

    [Theory, MemberData(nameof(MapCase.Kinds), MemberType = typeof(MapCase))]
    public void Planar_tensors_become_maps_and_maps_planar_tensors(Storage storage, bool single) => MapCase.Of(storage, single).Sample(
        test =>
        {
            using var gpu = new Gpu();
            Map x = test.Values("x");
            Tensor node = test.Input();
            HostRun run = new HostRun(gpu, storage).WithPlanar(x);
            Expected.Exactly(x).Check(run.Run(new FromPlanar(node, HostRun.Kernels(storage)), test.Slice), test.ToString());
            ulong back = gpu.Memory.Allocate(4L * x.Values.Length);
            FromPlanar.Undo(node, back, run, HostRun.Kernels(storage));
            Assert.Equal(x.Values, gpu.Memory.Span<float>(back, x.Values.Length).ToArray());
        },
        iter: 4, threads: 1);

    [Theory]
    [InlineData(nameof(Activation.ReLU))]
    [InlineData(nameof(Activation.SiLU))]
    [InlineData(nameof(Activation.Sigmoid))]
    [InlineData(nameof(Activation.ReLU6))]
    [InlineData(nameof(Activation.HardSigmoid))]
    [InlineData(nameof(Activation.HardSwish))]
    public void Activations_keep_what_is_not_a_number_and_take_infinities(string name)
    {
        Activation activation = Enum.Parse<Activation>(name);
        using var gpu = new Gpu();
        float[] numbers =
        [
            float.NaN, float.PositiveInfinity, float.NegativeInfinity, 0, -0f, 200, -200, 1e-30f,
            -3.01f, -3, -2.99f, 2.99f, 3, 5.99f, 6, 6.01f,
        ];
        var x = new Map(new Shape(1, 16, 1, 1));
        numbers.CopyTo(x.Values, 0);
        Map y = new(x.Shape);
        Activations.Run(activation, x, y);
        Tensor input = Tensor.Create(new InputOp(x.Shape), [], "x"),
            node = Tensor.Create(new ActivationOp(activation), [input], "activation");
        float[] actual = new HostRun(gpu, Storage.F32).With(input, x).Run(new PerChannel(node, HostRun.Kernels(Storage.F32))).Values;
        for (int i = 0; i < numbers.Length; i++)
        {
            if (float.IsNaN(y.Values[i]))
                Assert.True(float.IsNaN(actual[i]), $"{activation} of {numbers[i]}: not-a-number expected, {actual[i]} found");
            else Assert.Equal(y.Values[i], actual[i], 1e-6f);
        }
    }
}
