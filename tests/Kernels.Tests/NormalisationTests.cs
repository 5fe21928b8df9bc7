using CsCheck;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;
using LungSeg.Kernels.Abi;

namespace LungSeg.Kernels.Tests;

public sealed class NormalisationTests
{
    private const double Unit = 1.0 / (1 << 24);

    [Theory, MemberData(nameof(MapCase.Kinds), MemberType = typeof(MapCase))]
    public void Group_norms_match_the_reference(Storage storage, bool single) => Gen.Select(
        MapCase.Of(storage, single), single ? Gen.Const(1) : Gen.Int[1, 7], single ? Gen.Const(1) : Gen.Int[2, 5], Gen.Int[1, 3], Gen.Enum<Activation>(), Gen.OneOf(0.0, 3.0)).Sample(
        (test, groups, width, parts, activation, offset) =>
        {
            test = test with { Shape = test.Shape with { C = groups * width } };
            (int n, int c, int h, int w) = test.Shape;
            parts = Math.Min(parts, h * w);
            float[] weight = test.Numbers("weight", c), bias = test.Numbers("bias", c);
            var op = new GroupNormOp(new Parameter("weight", [c], () => weight), new Parameter("bias", [c], () => bias), groups, 1e-5f);
            Map x = test.Values("x", low: offset - 1, high: offset + 1), y = Expected.Run(Tensor.Create(op, [test.Input()], "norm"), x), activated = new(y.Shape);
            Activations.Run(activation, y, activated);

            using var gpu = new Gpu();
            DeviceTensor input = DeviceTensor.Of(gpu, test.Storage, x, test.Slice), output = DeviceTensor.Empty(gpu, test.Storage, test.Shape, test.Slice);
            var p = new GroupNormParameters
            {
                Input = input.Map,
                Partial = (long)gpu.Memory.Allocate(8L * parts * n * input.PaddedChannels),
                Weight = Storage.F32.Upload(gpu, weight),
                Bias = Storage.F32.Upload(gpu, bias),
                Scale = (long)gpu.Memory.Allocate(4L * n * input.PaddedChannels),
                Shift = (long)gpu.Memory.Allocate(4L * n * input.PaddedChannels),
                ChannelStride = input.PaddedChannels,
                Parts = parts,
                Groups = groups,
                Batch = n,
                Epsilon = 1e-5f,
            };
            gpu.Launch($"group_norm_moments_{test.Suffix}", ((test.Vectors + 7) / 8, parts, n), p);
            gpu.Launch("group_norm_scale", (groups, n, 1), p);
            gpu.LaunchItems($"scale_shift_{test.Suffix}", h * w * test.Vectors, n, new PixelParameters
            {
                Input = input.Map,
                Output = output.Map,
                Scale = p.Scale,
                Shift = p.Shift,
                ImageStride = p.ChannelStride,
                Batch = n,
                Activation = (int)activation,
            });
            float[] bound = Bound(x, groups);
            Expected.Within(activated, i => (1.1 * bound[i]) + (16 * Unit), test.Storage).Check(output.Read(), $"{test}, {groups} groups, {parts} parts, {activation}");
        },
        iter: 8, threads: 1);

    // Mean and deviation are off by the roundings of float32 sums (in a line of at most 32 terms at a time): relative to the largest
    // value for the mean, and to the variance, which is computed from differences, for the deviation.
    private static float[] Bound(Map x, int groups)
    {
        int size = x.Shape.C / groups * x.Shape.H * x.Shape.W;
        var bound = new float[x.Values.Length];
        for (int start = 0; start < bound.Length; start += size)
        {
            double[] group = [.. x.Values.Skip(start).Take(size).Select(value => (double)value)];
            double mean = group.Average(), largest = group.Max(Math.Abs), deviation = Math.Sqrt(group.Average(value => (value - mean) * (value - mean)) + 1e-5);
            for (int i = 0; i < size; i++) bound[start + i] = (float)(Unit * 64 * ((largest / deviation) + (Math.Abs(group[i] - mean) / deviation)));
        }
        return bound;
    }
}
