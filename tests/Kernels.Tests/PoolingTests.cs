using CsCheck;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Kernels.Tests;

public sealed class PoolingTests
{
    private const double Unit = 1.0 / (1 << 24);

    [Theory, MemberData(nameof(MapCase.Kinds), MemberType = typeof(MapCase))]
    public void Average_poolings_match_the_reference(Storage storage, bool single) => Gen.Select(
        MapCase.Of(storage, single), Gen.OneOf(1, 1, 2, 3, 6), Gen.OneOf(1, 1, 3), Gen.OneOf(0, 0, 60, 90)).Sample(
        (test, bins, times, more) =>
        {
            // A bin of more than 256 pixels is summed in parts.
            test = test with
            {
                Shape = new Shape(test.Shape.N, test.Shape.C > 1 ? test.Shape.C + more : 1, test.Shape.H * times,
                test.Shape.W * times)
            };
            using var gpu = new Gpu();
            var op = new AdaptiveAvgPool2dOp(bins);
            Tensor input = test.Input(), node = Tensor.Create(op, [input], "pool");
            Map x = test.Values("x"), y = Expected.Run(node, x);
            Map actual = new HostRun(gpu, storage).With(input, x, test.Slice)
                .Run(new Engine.Backends.Cuda.AdaptiveAvgPool2d(node, op, HostRun.Kernels(storage)), test.Slice);
            // Threads, warps and parts each add up in a line; numbers are at most 1.
            Expected.Within(y, _ => 24 * Unit, test.Storage).Check(actual, $"{test}, {bins} bins");
        },
        iter: 8, threads: 1);

    [Theory, MemberData(nameof(MapCase.Kinds), MemberType = typeof(MapCase))]
    public void Averages_of_windows_match_the_reference(Storage storage, bool single) => Gen.Select(
        MapCase.Of(storage, single), Gen.Int[1, 5], Gen.Int[1, 3], Gen.Bool, Gen.Bool).Sample(
        (test, kernel, stride, ceil, include) =>
        {
            using var gpu = new Gpu();
            test = test with { Shape = test.Shape with { H = Math.Max(test.Shape.H, kernel), W = Math.Max(test.Shape.W, kernel) } };
            var op = new AvgPool2dOp(new PoolWindow(kernel, stride, kernel / 2, ceil), include);
            Tensor input = test.Input(), node = Tensor.Create(op, [input], "pool");
            Map x = test.Values("x"), y = Expected.Run(node, x);
            Map actual = new HostRun(gpu, storage).With(input, x, test.Slice)
                .Run(new Engine.Backends.Cuda.AvgPool2d(node, op, HostRun.Kernels(storage)), test.Slice);
            // A sum of 25 numbers that are at most 1.
            Expected.Within(y, _ => 28 * Unit, storage).Check(actual, $"{test}, {op}");
        },
        iter: 8, threads: 1);

    [Theory, MemberData(nameof(Storages.All), MemberType = typeof(Storages))]
    public void Squeeze_and_excitation_matches_the_reference(Storage storage) => Gen.Select(
        MapCase.Of(storage, single: false), Gen.Int[2, 40], Gen.OneOf(1, 1, 3), Gen.OneOf(Activation.ReLU, Activation.SiLU)).Sample(
        (test, hidden, times, activation) =>
        {
            using var gpu = new Gpu();
            test = test with { Shape = test.Shape with { H = test.Shape.H * times, W = test.Shape.W * times } };
            (int n, int c, _, _) = test.Shape;
            float[] reduce = test.Numbers("reduce", hidden * c), reduceBias = test.Numbers("reduce bias", hidden),
                expand = test.Numbers("expand", c * hidden), expandBias = test.Numbers("expand bias", c);
            Map x = test.Values("x"), y = new(new Shape(n, c, 1, 1));
            for (int image = 0; image < n; image++)
            {
                double[] mean = [.. Enumerable.Range(0, c)
                    .Select(channel => x.Plane(image, channel).ToArray().Average(value => (double)value))];
                double[] middle = [.. Enumerable.Range(0, hidden).Select(k =>
                    Apply(activation, reduceBias[k] + Enumerable.Range(0, c).Sum(channel => mean[channel] * reduce[(k * c) + channel])))];
                for (int k = 0; k < c; k++)
                {
                    y.Plane(image, k)[0] = (float)Apply(Activation.Sigmoid,
                        expandBias[k] + Enumerable.Range(0, hidden).Sum(j => middle[j] * expand[(k * hidden) + j]));
                }
            }

            Conv2dOp Conv(string key, float[] weights, float[] bias, int filters, int channels, Activation function) => new(
                new Parameter($"{key}.weight", [filters, channels, 1, 1], () => weights),
                new Parameter($"{key}.bias", [filters], () => bias), 1, default, 1, 1)
            {
                Activation = function,
            };
            Conv2dOp first = Conv("reduce", reduce, reduceBias, hidden, c, activation),
                second = Conv("expand", expand, expandBias, c, hidden, Activation.Sigmoid);
            Tensor input = test.Input(), pooled = Tensor.Create(new AdaptiveAvgPool2dOp(1), [input], "pool");
            Tensor node = Tensor.Create(second, [Tensor.Create(first, [pooled], "reduce")], "expand");
            var gate = new SqueezeExcite(node, new SqueezeExciteBlock(input, first, second), HostRun.Kernels(storage));
            Map actual = new HostRun(gpu, storage).With(input, x, test.Slice).Run(gate);
            // Means and hidden channels are float32; no sum here is larger than its number of terms.
            Expected.Within(y, _ => Unit * (c + 16) * (hidden + 16), test.Storage).Check(actual, $"{test}, {hidden} hidden");
        },
        iter: 8, threads: 1);

    private static double Apply(Activation activation, double x) => activation switch
    {
        Activation.ReLU => Math.Max(x, 0),
        Activation.SiLU => x / (1 + Math.Exp(-x)),
        _ => 1 / (1 + Math.Exp(-x)),
    };
}
