using CsCheck;
using LungSeg.Imaging;
using LungSeg.Kernels.Abi;

namespace LungSeg.Kernels.Tests;

/// <summary>What happens to pictures on the device equals what LungSeg.Imaging does on the CPU, to the last bit.</summary>
public sealed class PictureTests
{
    private static readonly Gen<(int Width, int Height, int ToWidth, int ToHeight, int Channels, int Seed)> Sizes =
        from size in Gen.Select(Gen.Int[1, 40], Gen.Int[1, 40])
        from to in Gen.Select(Gen.Int[1, 30], Gen.Int[1, 30])
        from halved in Gen.OneOf(false, false, true)
        from same in Gen.OneOf(false, false, false, true)
        from channels in Gen.OneOf(1, 3)
        from seed in Gen.Int[0, 1 << 20]
        select (halved ? 2 * to.Item1 : same ? to.Item1 : size.Item1, halved ? 2 * to.Item2 : same ? to.Item2 : size.Item2, to.Item1, to.Item2, channels, seed);

    [Fact]
    public void Pictures_of_8_bits_are_resized_as_on_the_CPU() => Gen.Select(Sizes, Gen.Bool).Sample(
        (size, reverse) =>
        {
            var samples = new byte[size.Width * size.Height * size.Channels];
            new Random(size.Seed).NextBytes(samples);
            byte[] resized = OpenCvResize.Linear(samples, size.Width, size.Height, size.Channels, size.ToWidth, size.ToHeight);
            using var gpu = new Gpu();
            PreprocessParameters p = Parameters(gpu, size, reverse);
            p.Samples = (long)gpu.Memory.Allocate<byte>(samples);
            p.MaxValue = 255;
            p.Halve = size.Width == 2 * size.ToWidth && size.Height == 2 * size.ToHeight ? 1 : 0;
            (p.ColumnBefore, p.ColumnAfter, p.ColumnWeights) = Integers(gpu, size.Width, size.ToWidth, p.Halve != 0);
            (p.RowBefore, p.RowAfter, p.RowWeights) = Integers(gpu, size.Height, size.ToHeight, p.Halve != 0);
            Check(gpu, "preprocess_u8", p, reverse, (index, channel) => resized[(index * size.Channels) + channel] / 255f);
        },
        iter: 40, threads: 1);

    [Fact]
    public void Pictures_of_16_bits_are_resized_as_on_the_CPU() => Gen.Select(Sizes, Gen.Bool).Sample(
        (size, reverse) =>
        {
            var samples = new ushort[size.Width * size.Height * size.Channels];
            var random = new Random(size.Seed);
            for (int i = 0; i < samples.Length; i++) samples[i] = (ushort)random.Next(1 << 16);
            float[] resized = BilinearResize.Resize(Array.ConvertAll(samples, s => s / 65535f), size.Width, size.Height, size.Channels, size.ToWidth, size.ToHeight);
            using var gpu = new Gpu();
            PreprocessParameters p = Parameters(gpu, size, reverse);
            p.Samples = (long)gpu.Memory.Allocate<ushort>(samples);
            p.MaxValue = 65535;
            (p.ColumnBefore, p.ColumnAfter, p.ColumnWeights) = Floats(gpu, size.Width, size.ToWidth);
            (p.RowBefore, p.RowAfter, p.RowWeights) = Floats(gpu, size.Height, size.ToHeight);
            Check(gpu, "preprocess_u16", p, reverse, (index, channel) => resized[(index * size.Channels) + channel]);
        },
        iter: 40, threads: 1);

    [Fact]
    public void Probabilities_and_masks_are_the_CPUs() => Sizes.Sample(
        size =>
        {
            var random = new Random(size.Seed);
            float[] source = [.. Enumerable.Range(0, size.Width * size.Height).Select(_ => random.NextSingle())];
            float[] expected = BilinearResize.Resize(source, size.Width, size.Height, 1, size.ToWidth, size.ToHeight);
            using var gpu = new Gpu();
            ulong probabilities = gpu.Memory.Allocate(4L * expected.Length), mask = gpu.Memory.Allocate(expected.Length);
            float threshold = expected[size.Seed % expected.Length];
            gpu.LaunchItems("postprocess", expected.Length, 1, new PostprocessParameters
            {
                Source = (long)gpu.Memory.Allocate<float>(source),
                Probabilities = (long)probabilities,
                Mask = (long)mask,
                SourceWidth = size.Width,
                SourceHeight = size.Height,
                Width = size.ToWidth,
                Height = size.ToHeight,
                Threshold = threshold,
            });
            Assert.Equal(expected, gpu.Memory.Span<float>(probabilities, expected.Length).ToArray());
            Assert.Equal(Array.ConvertAll(expected, value => (byte)(value > threshold ? 1 : 0)), gpu.Memory.Span<byte>(mask, expected.Length).ToArray());
        },
        iter: 40, threads: 1);

    private static PreprocessParameters Parameters(Gpu gpu, (int Width, int Height, int ToWidth, int ToHeight, int Channels, int Seed) size, bool reverse) => new()
    {
        Output = (long)gpu.Memory.Allocate(3L * 4 * size.ToWidth * size.ToHeight),
        SourceWidth = size.Width,
        SourceHeight = size.Height,
        SourceChannels = size.Channels,
        Width = size.ToWidth,
        Height = size.ToHeight,
        ReverseChannels = reverse ? 1 : 0,
        Mean0 = 0.485f,
        Mean1 = 0.456f,
        Mean2 = 0.406f,
        Std0 = 0.229f,
        Std1 = 0.224f,
        Std2 = 0.225f,
    };

    private static void Check(Gpu gpu, string kernel, PreprocessParameters p, bool reverse, Func<int, int, float> unit)
    {
        int pixels = p.Width * p.Height;
        gpu.LaunchItems(kernel, pixels, 1, p);
        float[] actual = gpu.Memory.Span<float>((ulong)p.Output, 3 * pixels).ToArray(), mean = [p.Mean0, p.Mean1, p.Mean2], std = [p.Std0, p.Std1, p.Std2];
        for (int i = 0; i < actual.Length; i++)
        {
            int plane = i / pixels, channel = p.SourceChannels == 1 ? 0 : reverse ? 2 - plane : plane;
            Assert.Equal((unit(i % pixels, channel) - mean[plane]) / std[plane], actual[i]);
        }
    }

    // OpenCvResize's positions; where nothing is resized, each sample stands for itself.
    private static (long Before, long After, long Weights) Integers(Gpu gpu, int size, int toSize, bool halve)
    {
        int[] before = new int[toSize], after = new int[toSize], weights = new int[2 * toSize];
        for (int i = 0; i < toSize; i++)
        {
            double scale = 1.0 / ((double)toSize / size);
            float at = (float)(((i + 0.5) * scale) - 0.5);
            int index = (int)MathF.Floor(at);
            at -= index;
            (before[i], after[i]) = halve ? (2 * i, (2 * i) + 1) : (Math.Clamp(index, 0, size - 1), Math.Clamp(index + 1, 0, size - 1));
            (weights[2 * i], weights[(2 * i) + 1]) = ((int)MathF.Round((1f - at) * 2048), (int)MathF.Round(at * 2048));
        }
        return ((long)gpu.Memory.Allocate<int>(before), (long)gpu.Memory.Allocate<int>(after), (long)gpu.Memory.Allocate<int>(weights));
    }

    // BilinearResize's positions.
    private static (long Before, long After, long Weights) Floats(Gpu gpu, int size, int toSize)
    {
        int[] before = new int[toSize], after = new int[toSize];
        var weights = new float[toSize];
        for (int i = 0; i < toSize; i++)
        {
            float at = size == toSize ? i : Math.Max(((float)size / toSize * (i + 0.5f)) - 0.5f, 0f);
            before[i] = Math.Min((int)at, size - 1);
            after[i] = Math.Min(before[i] + 1, size - 1);
            weights[i] = at - before[i];
        }
        return ((long)gpu.Memory.Allocate<int>(before), (long)gpu.Memory.Allocate<int>(after), (long)gpu.Memory.Allocate<float>(weights));
    }
}
