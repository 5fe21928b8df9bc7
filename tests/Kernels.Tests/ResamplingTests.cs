using CsCheck;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Ops;

namespace LungSeg.Kernels.Tests;

public sealed class ResamplingTests
{
    private const double Unit = 1.0 / (1 << 24);

    [Theory, MemberData(nameof(MapCase.Kinds), MemberType = typeof(MapCase))]
    public void Max_poolings_match_the_reference(Storage storage, bool single) =>
        Gen.Select(MapCase.Of(storage, single), Gen.Int[1, 4], Gen.Int[1, 3], Gen.Bool).Sample(
        (test, kernel, stride, ceil) =>
        {
            test = test with { Shape = test.Shape with { H = Math.Max(test.Shape.H, kernel), W = Math.Max(test.Shape.W, kernel) } };
            var op = new MaxPool2dOp(kernel, stride, kernel / 2, ceil);
            Map x = test.Values("x");
            if (test.Seed % 4 == 0) x.Values[test.Seed % x.Values.Length] = float.NaN;
            Tensor input = test.Input(), node = Tensor.Create(op, [input], "pool");
            Map y = Expected.Run(node, x), actual =
                Run(test, input, x, new Engine.Backends.Cuda.MaxPool2d(node, op, HostRun.Kernels(storage)));
            Assert.Equal(y.Values, actual.Values);
        },
        iter: 7, threads: 1);

    [Theory, MemberData(nameof(MapCase.Kinds), MemberType = typeof(MapCase))]
    public void Nearest_upsamplings_match_the_reference(Storage storage, bool single) =>
        Gen.Select(MapCase.Of(storage, single), Gen.Int[1, 3]).Sample(
        (test, factor) =>
        {
            var op = new UpsampleNearestOp(factor);
            Tensor input = test.Input(), node = Tensor.Create(op, [input], "up");
            Map x = test.Values("x"), y = Expected.Run(node, x);
            Expected.Exactly(y).Check(Run(test, input, x, new Engine.Backends.Cuda.UpsampleNearest(node, op, HostRun.Kernels(storage))),
                test.ToString());
        },
        iter: 4, threads: 1);

    [Theory, MemberData(nameof(MapCase.Kinds), MemberType = typeof(MapCase))]
    public void Bilinear_upsamplings_match_the_reference(Storage storage, bool single) => Gen.Select(
        MapCase.Of(storage, single), Gen.OneOf(0, 1, 2, 3, 8), Gen.Bool, Gen.Int[1, 20], MapCase.Activations).Sample(
        (test, factor, aligned, side, activation) =>
        {
            var op = new UpsampleBilinearOp(factor, aligned);
            Tensor size = Tensor.Create(new InputOp(new Shape(test.Shape.N, 1, side, side + 3)), [], "size"), input = test.Input();
            Tensor[] inputs = factor > 0 ? [input] : [input, size];
            Map x = test.Values("x"), y = Expected.Run(Tensor.Create(op, inputs, "up"), x);
            Activations.Run(activation, y, y);
            UpsampleBilinearOp activated = op with { Activation = activation };
            Map actual = Run(test, input, x, new Engine.Backends.Cuda.UpsampleBilinear(Tensor.Create(activated, inputs, "up"), activated,
                HostRun.Kernels(storage)));
            Expected.Within(y, _ => 24 * Unit, test.Storage).Check(actual, $"{test}, factor {factor}, aligned {aligned}, {y.Shape}");
        },
        iter: 8, threads: 1);

    private static Map Run(MapCase test, Tensor input, Map x, CudaOp op)
    {
        using var gpu = new Gpu();
        return new HostRun(gpu, test.Storage).With(input, x, test.Slice).Run(op, !test.Slice);
    }
}
