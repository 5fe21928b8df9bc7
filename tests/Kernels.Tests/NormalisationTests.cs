using CsCheck;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Kernels.Tests;

public sealed class NormalisationTests
{
    private const double Unit = 1.0 / (1 << 24);

    [Theory, MemberData(nameof(MapCase.Kinds), MemberType = typeof(MapCase))]
    public void Group_norms_match_the_reference(Storage storage, bool single) => Gen.Select(
        MapCase.Of(storage, single), single ? Gen.Const(1) : Gen.Int[1, 7], single ? Gen.Const(1) : Gen.Int[2, 5], Gen.OneOf(1, 1, 2, 3),
        MapCase.Activations, Gen.OneOf(0.0, 3.0)).Sample(
        (test, groups, width, times, activation, offset) =>
        {
            // Beyond 256 pixels there are several parts.
            test = test with { Shape = new Shape(test.Shape.N, groups * width, test.Shape.H * times, test.Shape.W * times) };
            int c = test.Shape.C;
            float[] weight = test.Numbers("weight", c), bias = test.Numbers("bias", c);
            var op = new GroupNormOp(new Parameter("weight", [c], () => weight), new Parameter("bias", [c], () => bias), groups, 1e-5f);
            Map x = test.Values("x", low: offset - 1, high: offset + 1), y = Expected.Run(Tensor.Create(op, [test.Input()], "norm"), x),
                activated = new(y.Shape);
            Activations.Run(activation, y, activated);

            using var gpu = new Gpu();
            GroupNormOp fused = op with { Activation = activation };
            Tensor input = test.Input();
            var norm = new Engine.Backends.Cuda.GroupNorm(Tensor.Create(fused, [input], "norm"), fused, HostRun.Kernels(storage));
            Map actual = new HostRun(gpu, storage).With(input, x, test.Slice).Run(norm, test.Slice);
            float[] bound = Bound(x, groups);
            Expected.Within(activated, i => (1.1 * bound[i]) + (16 * Unit), test.Storage)
                .Check(actual, $"{test}, {groups} groups, {activation}");
        },
        iter: 8, threads: 1);

    [Theory, MemberData(nameof(MapCase.Kinds), MemberType = typeof(MapCase))]
    public void Channel_norms_match_the_reference(Storage storage, bool single) => Gen.Select(
        MapCase.Of(storage, single), single ? Gen.Const(1) : Gen.Int[2, 77], Gen.OneOf(0.0, 3.0)).Sample(
        (test, c, offset) =>
        {
            test = test with { Shape = test.Shape with { C = c } };
            float[] weight = test.Numbers("weight", c), bias = test.Numbers("bias", c);
            var op = new ChannelNormOp(new Parameter("weight", [c], () => weight), new Parameter("bias", [c], () => bias), 1e-5f);
            Tensor input = test.Input(), node = Tensor.Create(op, [input], "norm");
            Map x = test.Values("x", low: offset - 1, high: offset + 1);
            float[] bound = ChannelBound(x);
            using var gpu = new Gpu();
            Map actual = new HostRun(gpu, storage).With(input, x, test.Slice)
                .Run(new Engine.Backends.Cuda.ChannelNorm(node, op, HostRun.Kernels(storage)), test.Slice);
            Expected.Within(Expected.Run(node, x), i => (1.1 * bound[i]) + (16 * Unit), test.Storage)
                .Check(actual, $"{test}, {c} channels");
        },
        iter: 8, threads: 1);

    // As below, for the channels of each pixel.
    private static float[] ChannelBound(Map x)
    {
        (int n, int c, int h, int w) = x.Shape;
        var bound = new float[x.Values.Length];
        for (int pixel = 0; pixel < n * h * w; pixel++)
        {
            int first = (pixel / (h * w) * c * h * w) + (pixel % (h * w));
            int[] places = [.. Enumerable.Range(0, c).Select(channel => first + (channel * h * w))];
            var one = new Map(new Shape(1, c, 1, 1));
            for (int channel = 0; channel < c; channel++) one.Values[channel] = x.Values[places[channel]];
            float[] found = Bound(one, 1);
            for (int channel = 0; channel < c; channel++) bound[places[channel]] = found[channel];
        }
        return bound;
    }

    // Mean and deviation are off by the roundings of float32 sums (in a line of at most 32 terms at a time): relative to the largest
    // value for the mean, and to the variance, which is computed from differences, for the deviation.
    private static float[] Bound(Map x, int groups)
    {
        int size = x.Shape.C / groups * x.Shape.H * x.Shape.W;
        var bound = new float[x.Values.Length];
        for (int start = 0; start < bound.Length; start += size)
        {
            double[] group = [.. x.Values.Skip(start).Take(size).Select(value => (double)value)];
            double mean = group.Average(), largest = group.Max(Math.Abs),
                deviation = Math.Sqrt(group.Average(value => (value - mean) * (value - mean)) + 1e-5);
            for (int i = 0; i < size; i++)
                bound[start + i] = (float)(Unit * 64 * ((largest / deviation) + (Math.Abs(group[i] - mean) / deviation)));
        }
        return bound;
    }
}
