using CsCheck;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Ops;
using LungSeg.Kernels.Abi;

namespace LungSeg.Kernels.Tests;

public sealed class PoolingTests
{
    private const double Unit = 1.0 / (1 << 24);

    [Theory, MemberData(nameof(MapCase.Kinds), MemberType = typeof(MapCase))]
    public void Average_poolings_match_the_reference(Storage storage, bool single) => Gen.Select(
        MapCase.Of(storage, single), Gen.OneOf(1, 1, 2, 3, 6), Gen.Int[1, 3], Gen.OneOf(0, 0, 60, 90)).Sample(
        (test, bins, parts, more) =>
        {
            if (test.Shape.C > 1) test = test with { Shape = test.Shape with { C = test.Shape.C + more } };
            using var gpu = new Gpu();
            Map x = test.Values("x"), y = Expected.Run(Tensor.Create(new AdaptiveAvgPool2dOp(bins), [test.Input()], "pool"), x);
            DeviceTensor output = DeviceTensor.Empty(gpu, test.Storage, y.Shape, test.Slice);
            int stride = output.PaddedChannels;
            var p = new PoolParameters
            {
                Input = DeviceTensor.Of(gpu, test.Storage, x, test.Slice).Map,
                Output = output.Map,
                Partial = (long)gpu.Memory.Allocate(4L * parts * test.Shape.N * bins * bins * stride),
                PartialStride = stride,
                Parts = parts,
                Batch = test.Shape.N,
            };
            gpu.Launch($"pool_sums_{test.Suffix}", ((test.Vectors + 7) / 8, bins * bins, test.Shape.N * parts), p);
            gpu.LaunchItems($"pool_mean_{test.Suffix}", bins * bins * test.Vectors, test.Shape.N, p);
            // Threads, warps and parts each add up in a line; numbers are at most 1.
            Expected.Within(y, _ => 24 * Unit, test.Storage).Check(output.Read(), $"{test}, {bins} bins, {parts} parts");
        },
        iter: 8, threads: 1);

    [Theory, MemberData(nameof(Storages.All), MemberType = typeof(Storages))]
    public void Squeeze_and_excitation_matches_the_reference(Storage storage) => Gen.Select(
        MapCase.Of(storage, single: false), Gen.Int[1, 40], Gen.Int[1, 3], Gen.OneOf(Activation.ReLU, Activation.SiLU)).Sample(
        (test, hidden, parts, activation) =>
        {
            using var gpu = new Gpu();
            (int n, int c, int h, int w) = test.Shape;
            int padded = (c + 7) / 8 * 8, hiddenPadded = (hidden + 7) / 8 * 8;
            float[] reduce = test.Numbers("reduce", hidden * c), reduceBias = test.Numbers("reduce bias", hidden), expand = test.Numbers("expand", c * hidden), expandBias = test.Numbers("expand bias", c);
            Map x = test.Values("x"), y = new(new Shape(n, c, 1, 1));
            for (int image = 0; image < n; image++)
            {
                double[] mean = [.. Enumerable.Range(0, c).Select(channel => x.Plane(image, channel).ToArray().Average(value => (double)value))];
                double[] middle = [.. Enumerable.Range(0, hidden).Select(k => Apply(activation, reduceBias[k] + Enumerable.Range(0, c).Sum(channel => mean[channel] * reduce[(k * c) + channel])))];
                for (int k = 0; k < c; k++) y.Plane(image, k)[0] = (float)Apply(Activation.Sigmoid, expandBias[k] + Enumerable.Range(0, hidden).Sum(j => middle[j] * expand[(k * hidden) + j]));
            }

            DeviceTensor output = DeviceTensor.Empty(gpu, test.Storage, y.Shape);
            ulong partial = gpu.Memory.Allocate(4L * parts * n * padded);
            gpu.Launch($"pool_sums_{test.Suffix}", ((test.Vectors + 7) / 8, 1, n * parts), new PoolParameters
            {
                Input = DeviceTensor.Of(gpu, test.Storage, x, test.Slice).Map,
                Output = output.Map,
                Partial = (long)partial,
                PartialStride = padded,
                Parts = parts,
                Batch = n,
            });
            gpu.Launch($"squeeze_excite_{test.Storage.Suffix()}", (n, 1, 1), new SqueezeExciteParameters
            {
                Output = output.Map,
                Partial = (long)partial,
                ReduceWeights = test.Storage.Upload(gpu, Rows(reduce, hidden, c, padded)),
                ReduceBias = Storage.F32.Upload(gpu, reduceBias),
                ExpandWeights = test.Storage.Upload(gpu, Rows(expand, c, hidden, hiddenPadded)),
                ExpandBias = Storage.F32.Upload(gpu, expandBias),
                PartialStride = padded,
                Parts = parts,
                Batch = n,
                Hidden = hidden,
                Scale = 1f / (h * w),
                Activation = (int)activation,
            });
            // Means and hidden channels are float32; no sum here is larger than its number of terms.
            Expected.Within(y, _ => Unit * (c + 16) * (hidden + 16), test.Storage).Check(output.Read(), $"{test}, {hidden} hidden");
        },
        iter: 8, threads: 1);

    private static double Apply(Activation activation, double x) => activation switch
    {
        Activation.ReLU => Math.Max(x, 0),
        Activation.SiLU => x / (1 + Math.Exp(-x)),
        _ => 1 / (1 + Math.Exp(-x)),
    };

    private static float[] Rows(float[] values, int rows, int columns, int padded)
    {
        var result = new float[rows * padded];
        for (int row = 0; row < rows; row++) values.AsSpan(row * columns, columns).CopyTo(result.AsSpan(row * padded));
        return result;
    }
}
