using CsCheck;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Ops;
using LungSeg.Kernels.Abi;

namespace LungSeg.Kernels.Tests;

public sealed class ElementwiseTests
{
    private const double Unit = 1.0 / (1 << 24);

    [Theory, MemberData(nameof(MapCase.Kinds), MemberType = typeof(MapCase))]
    public void Scale_and_shift_match_the_reference(Storage storage, bool single) => Gen.Select(
        MapCase.Of(storage, single), Gen.Enum<Activation>(), Gen.Bool, Gen.Bool).Sample(
        (test, activation, scales, shifts) =>
        {
            using var gpu = new Gpu();
            int padded = DeviceTensor.Empty(gpu, test.Storage, test.Shape).PaddedChannels;
            float[] scale = test.Numbers("scale", padded), shift = test.Numbers("shift", padded);
            Map x = test.Values("x"), y = new(test.Shape), sizes = new(test.Shape);
            for (int i = 0; i < x.Values.Length; i++)
            {
                int c = i / (test.Shape.H * test.Shape.W) % test.Shape.C;
                double product = (double)x.Values[i] * (scales ? scale[c] : 1), sum = product + (shifts ? shift[c] : 0);
                y.Values[i] = (float)sum;
                sizes.Values[i] = (float)(Math.Abs(product) + Math.Abs(sum));
            }
            Activations.Run(activation, y, y);
            DeviceTensor input = DeviceTensor.Of(gpu, test.Storage, x, test.Slice), output = DeviceTensor.Empty(gpu, test.Storage, test.Shape, !test.Slice);
            gpu.LaunchItems($"scale_shift_{test.Suffix}", test.Shape.H * test.Shape.W * test.Vectors, test.Shape.N, new PixelParameters
            {
                Input = input.Map,
                Output = output.Map,
                Scale = scales ? Storage.F32.Upload(gpu, scale) : 0,
                Shift = shifts ? Storage.F32.Upload(gpu, shift) : 0,
                Batch = test.Shape.N,
                Activation = (int)activation,
            });
            Expected.Within(y, i => Unit * ((2 * sizes.Values[i]) + 16), test.Storage).Check(output.Read(), $"{test}, {activation}");
        },
        iter: 8, threads: 1);

    public static MatrixTheoryData<Storage, bool, bool> SumsAndProducts { get; } = new([Storage.F32, Storage.F16], [false, true], [false, true]);

    [Theory, MemberData(nameof(SumsAndProducts))]
    public void Sums_and_products_spread_and_match_the_reference(Storage storage, bool single, bool add) => Gen.Select(
        MapCase.Of(storage, single), Gen.OneOf("same", "pixel", "channel"), Gen.Bool, Gen.Bool, Gen.Enum<Activation>()).Sample(
        (test, other, swap, residual, activation) =>
        {
            using var gpu = new Gpu();
            Shape spread = other switch { "same" => test.Shape, "pixel" => test.Shape with { H = 1, W = 1 }, _ => test.Shape with { C = 1 } };
            Map a = test.Values("a"), b = test.Values("b", spread), shortcut = test.Values("residual"), y = new(test.Shape);
            if (swap) (a, b) = (b, a);
            if (add) Add.Run(a, b, y);
            else Mul.Run(a, b, y);
            if (residual) Add.Run(y, shortcut, y);
            Activations.Run(activation, y, y);
            DeviceTensor output = DeviceTensor.Empty(gpu, test.Storage, test.Shape, !test.Slice);
            gpu.LaunchItems($"{(add ? "add" : "mul")}_{test.Suffix}", test.Shape.H * test.Shape.W * test.Vectors, test.Shape.N, new BinaryParameters
            {
                A = DeviceTensor.Of(gpu, test.Storage, a, test.Slice).Map,
                B = DeviceTensor.Of(gpu, test.Storage, b).Map,
                Output = output.Map,
                Residual = residual ? DeviceTensor.Of(gpu, test.Storage, shortcut, test.Slice).Map : default,
                Batch = test.Shape.N,
                Activation = (int)activation,
            });
            Expected.Within(y, _ => 24 * Unit, test.Storage).Check(output.Read(), $"{test}, {other}, swapped {swap}, add {add}, {activation}");
        },
        iter: 6, threads: 1);

    [Theory, MemberData(nameof(Storages.All), MemberType = typeof(Storages))]
    public void Parts_of_a_concatenation_are_copied_to_any_channel(Storage storage) => Gen.Select(
        MapCase.Of(storage, single: false), Gen.Int[1, 20], Gen.Int[1, 20]).Sample(
        (test, first, second) =>
        {
            using var gpu = new Gpu();
            Shape whole = test.Shape with { C = first + second };
            Map a = test.Values("a", whole with { C = first }), b = test.Values("b", whole with { C = second }), y = new(whole);
            Concat.Run([a, b], y);
            DeviceTensor output = DeviceTensor.Empty(gpu, test.Storage, whole);
            Copy(a, 0, first);
            Copy(b, first, output.PaddedChannels - first);
            Expected.Exactly(y).Check(output.Read(), test.ToString());

            void Copy(Map part, int offset, int channels)
            {
                DeviceMap target = output.Map;
                target.Address += offset * test.Storage.Size();
                target.Channels = channels;
                gpu.LaunchItems($"copy_channels_{test.Storage.Suffix()}_single", whole.H * whole.W * channels, whole.N, new PixelParameters
                {
                    Input = DeviceTensor.Of(gpu, test.Storage, part, test.Slice).Map,
                    Output = target,
                    Batch = whole.N,
                });
            }
        },
        iter: 8, threads: 1);

    [Theory, MemberData(nameof(MapCase.Kinds), MemberType = typeof(MapCase))]
    public void Maps_go_to_slices_whole(Storage storage, bool single) => MapCase.Of(storage, single).Sample(
        test =>
        {
            using var gpu = new Gpu();
            Map x = test.Values("x");
            DeviceTensor output = DeviceTensor.Empty(gpu, test.Storage, test.Shape, slice: true);
            gpu.LaunchItems($"copy_channels_{test.Suffix}", test.Shape.H * test.Shape.W * test.Vectors, test.Shape.N, new PixelParameters
            {
                Input = DeviceTensor.Of(gpu, test.Storage, x, test.Slice).Map,
                Output = output.Map,
                Batch = test.Shape.N,
            });
            Expected.Exactly(x).Check(output.Read(), test.ToString());
        },
        iter: 3, threads: 1);

    [Theory, MemberData(nameof(MapCase.Kinds), MemberType = typeof(MapCase))]
    public void Planar_tensors_become_maps_and_maps_planar_tensors(Storage storage, bool single) => MapCase.Of(storage, single).Sample(
        test =>
        {
            using var gpu = new Gpu();
            Map x = test.Values("x");
            DeviceTensor map = DeviceTensor.Empty(gpu, test.Storage, test.Shape, test.Slice);
            ulong planar = gpu.Memory.Allocate<float>(x.Values), back = gpu.Memory.Allocate(4L * x.Values.Length);
            int items = test.Shape.H * test.Shape.W * ((test.Shape.C + 7) / 8);
            gpu.LaunchItems($"from_planar_{test.Storage.Suffix()}", items, test.Shape.N, new PlanarParameters { Map = map.Map, Planar = (long)planar, Batch = test.Shape.N });
            Expected.Exactly(x).Check(map.Read(), test.ToString());
            gpu.LaunchItems($"to_planar_{test.Storage.Suffix()}", items, test.Shape.N, new PlanarParameters { Map = map.Map, Planar = (long)back, Batch = test.Shape.N });
            Assert.Equal(x.Values, gpu.Memory.Span<float>(back, x.Values.Length).ToArray());
        },
        iter: 4, threads: 1);

    [Theory]
    [InlineData(Activation.ReLU)]
    [InlineData(Activation.SiLU)]
    [InlineData(Activation.Sigmoid)]
    public void Activations_keep_what_is_not_a_number_and_take_infinities(Activation activation)
    {
        using var gpu = new Gpu();
        float[] numbers = [float.NaN, float.PositiveInfinity, float.NegativeInfinity, 0, -0f, 200, -200, 1e-30f];
        var x = new Map(new Shape(1, 8, 1, 1));
        numbers.CopyTo(x.Values, 0);
        Map y = new(x.Shape);
        Activations.Run(activation, x, y);
        DeviceTensor output = DeviceTensor.Empty(gpu, Storage.F32, x.Shape);
        gpu.LaunchItems("scale_shift_f32", 1, 1, new PixelParameters { Input = DeviceTensor.Of(gpu, Storage.F32, x).Map, Output = output.Map, Batch = 1, Activation = (int)activation });
        float[] actual = output.Read().Values;
        for (int i = 0; i < numbers.Length; i++)
        {
            if (float.IsNaN(y.Values[i])) Assert.True(float.IsNaN(actual[i]), $"{activation} of {numbers[i]}: not-a-number expected, {actual[i]} found");
            else Assert.Equal(y.Values[i], actual[i], 1e-6f);
        }
    }
}
