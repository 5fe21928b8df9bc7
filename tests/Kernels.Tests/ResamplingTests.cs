using CsCheck;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Ops;
using LungSeg.Kernels.Abi;

namespace LungSeg.Kernels.Tests;

public sealed class ResamplingTests
{
    private const double Unit = 1.0 / (1 << 24);

    [Theory, MemberData(nameof(MapCase.Kinds), MemberType = typeof(MapCase))]
    public void Max_poolings_match_the_reference(Storage storage, bool single) => Gen.Select(MapCase.Of(storage, single), Gen.Int[1, 4], Gen.Int[1, 3], Gen.Bool).Sample(
        (test, kernel, stride, ceil) =>
        {
            test = test with { Shape = test.Shape with { H = Math.Max(test.Shape.H, kernel), W = Math.Max(test.Shape.W, kernel) } };
            var op = new MaxPool2dOp(kernel, stride, kernel / 2, ceil);
            Map x = test.Values("x");
            if (test.Seed % 4 == 0) x.Values[test.Seed % x.Values.Length] = float.NaN;
            Map y = Expected.Run(Tensor.Create(op, [test.Input()], "pool"), x);
            Map actual = Run("max_pool", test, x, y.Shape, new ResampleParameters { KernelSize = kernel, Stride = stride, Padding = kernel / 2 });
            Assert.Equal(y.Values, actual.Values);
        },
        iter: 7, threads: 1);

    [Theory, MemberData(nameof(MapCase.Kinds), MemberType = typeof(MapCase))]
    public void Nearest_upsamplings_match_the_reference(Storage storage, bool single) => Gen.Select(MapCase.Of(storage, single), Gen.Int[1, 3]).Sample(
        (test, factor) =>
        {
            Map x = test.Values("x"), y = Expected.Run(Tensor.Create(new UpsampleNearestOp(factor), [test.Input()], "up"), x);
            Expected.Exactly(y).Check(Run("upsample_nearest", test, x, y.Shape, new ResampleParameters { Factor = factor }), test.ToString());
        },
        iter: 4, threads: 1);

    [Theory, MemberData(nameof(MapCase.Kinds), MemberType = typeof(MapCase))]
    public void Bilinear_upsamplings_match_the_reference(Storage storage, bool single) => Gen.Select(
        MapCase.Of(storage, single), Gen.OneOf(0, 1, 2, 3, 8), Gen.Bool, Gen.Int[1, 20], Gen.Enum<Activation>()).Sample(
        (test, factor, aligned, side, activation) =>
        {
            var op = new UpsampleBilinearOp(factor, aligned);
            Tensor size = Tensor.Create(new InputOp(new Shape(test.Shape.N, 1, side, side + 3)), [], "size");
            Tensor node = Tensor.Create(op, factor > 0 ? [test.Input()] : [test.Input(), size], "up");
            Map x = test.Values("x"), y = Expected.Run(node, x);
            Activations.Run(activation, y, y);
            Map actual = Run("upsample_bilinear", test, x, y.Shape, new ResampleParameters
            {
                RowScale = Scale(op, test.Shape.H, y.Shape.H),
                ColumnScale = Scale(op, test.Shape.W, y.Shape.W),
                AlignCorners = aligned ? 1 : 0,
                Activation = (int)activation,
            });
            Expected.Within(y, _ => 24 * Unit, test.Storage).Check(actual, $"{test}, factor {factor}, aligned {aligned}, {y.Shape}");
        },
        iter: 8, threads: 1);

    // As UpsampleBilinearOp.Source rounds it.
    private static float Scale(UpsampleBilinearOp op, int size, int output) => op.AlignCorners
        ? output > 1 ? (float)(size - 1) / (output - 1) : 0
        : op.Scale > 0 ? 1f / op.Scale : (float)size / output;

    private static Map Run(string family, MapCase test, Map x, Shape output, ResampleParameters p)
    {
        using var gpu = new Gpu();
        DeviceTensor result = DeviceTensor.Empty(gpu, test.Storage, output, !test.Slice);
        p.Input = DeviceTensor.Of(gpu, test.Storage, x, test.Slice).Map;
        p.Output = result.Map;
        p.Batch = output.N;
        gpu.LaunchItems($"{family}_{test.Suffix}", output.H * output.W * test.Vectors, output.N, p);
        return result.Read();
    }
}
