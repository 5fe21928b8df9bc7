using System.Runtime.InteropServices;
using CsCheck;
using LungSeg.CudaStub;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Backends.Cuda.Driver;
using LungSeg.Engine.Ops;
using LungSeg.Imaging;
using LungSeg.Models.Inputs;

namespace LungSeg.Kernels.Tests;

/// <summary>What happens to images on the device equals what LungSeg.Imaging does on the CPU, to the last bit.</summary>
public sealed class ImageTests
{
    private static readonly Gen<(int Width, int Height, int ToWidth, int ToHeight, int Channels, int Seed)> Sizes =
        from size in Gen.Select(Gen.Int[1, 40], Gen.Int[1, 40])
        from to in Gen.Select(Gen.Int[1, 30], Gen.Int[1, 30])
        from halved in Gen.OneOf(false, false, true)
        from same in Gen.OneOf(false, false, false, true)
        from channels in Gen.OneOf(1, 3)
        from seed in Gen.Int[0, 1 << 20]
        select (halved ? 2 * to.Item1 : same ? to.Item1 : size.Item1, halved ? 2 * to.Item2 : same ? to.Item2 : size.Item2, to.Item1,
            to.Item2, channels, seed);

    [Fact]
    public void Images_of_8_bits_are_resized_as_on_the_CPU() => Gen.Select(Sizes, Gen.Bool).Sample(
        (size, reverse) =>
        {
            var samples = new byte[size.Width * size.Height * size.Channels];
            new Random(size.Seed).NextBytes(samples);
            byte[] resized = OpenCvResize.Linear(samples, size.Width, size.Height, size.Channels, size.ToWidth, size.ToHeight);
            bool halve = size.Width == 2 * size.ToWidth && size.Height == 2 * size.ToHeight;
            DeviceImage image = Image(size, reverse, samples) with
            {
                MaxValue = 255,
                Halve = halve,
                Columns = Integers(size.Width, size.ToWidth, halve),
                Rows = Integers(size.Height, size.ToHeight, halve),
            };
            Check(image, size.ToWidth, size.ToHeight, (index, channel) => resized[(index * size.Channels) + channel] / 255f);
        },
        iter: 40, threads: 1);

    [Fact]
    public void Images_of_16_bits_are_resized_as_on_the_CPU() => Gen.Select(Sizes, Gen.Bool).Sample(
        (size, reverse) =>
        {
            var samples = new ushort[size.Width * size.Height * size.Channels];
            var random = new Random(size.Seed);
            for (int i = 0; i < samples.Length; i++) samples[i] = (ushort)random.Next(1 << 16);
            float[] resized = BilinearResize.Resize(Array.ConvertAll(samples, s => s / 65535f), size.Width, size.Height, size.Channels,
                size.ToWidth, size.ToHeight);
            DeviceImage image = Image(size, reverse, MemoryMarshal.AsBytes(samples.AsSpan()).ToArray()) with
            {
                SampleBytes = 2,
                MaxValue = 65535,
                Columns = Floats(size.Width, size.ToWidth),
                Rows = Floats(size.Height, size.ToHeight),
            };
            Check(image, size.ToWidth, size.ToHeight, (index, channel) => resized[(index * size.Channels) + channel]);
        },
        iter: 40, threads: 1);

    [Fact]
    public void Masks_are_the_CPUs() => Sizes.Sample(
        size =>
        {
            var random = new Random(size.Seed);
            float[] source = [.. Enumerable.Range(0, size.Width * size.Height).Select(_ => random.NextSingle())];
            float[] expected = BilinearResize.Resize(source, size.Width, size.Height, 1, size.ToWidth, size.ToHeight);
            float threshold = expected[size.Seed % expected.Length];
            using var host = new Host(1, 1);
            host.Prepare(Image((1, 1, 1, 1, 1, 0), false, [0]) with { Columns = Integers(1, 1, false), Rows = Integers(1, 1, false) },
                size.ToWidth, size.ToHeight);
            byte[] mask = host.Cut(source, new Shape(1, 1, size.Height, size.Width), threshold, size.ToWidth, size.ToHeight);
            Assert.Equal(Array.ConvertAll(expected, value => (byte)(value > threshold ? 1 : 0)), mask);
        },
        iter: 40, threads: 1);

    private static DeviceImage Image((int Width, int Height, int ToWidth, int ToHeight, int Channels, int Seed) size, bool reverse,
        byte[] samples) => new()
        {
            Size = size.ToWidth,
            Width = size.Width,
            Height = size.Height,
            Channels = size.Channels,
            Samples = samples,
            SampleBytes = 1,
            MaxValue = 1,
            Columns = null!,
            Rows = null!,
            ReverseChannels = reverse,
            Mean = [0.485f, 0.456f, 0.406f],
            Std = [0.229f, 0.224f, 0.225f],
        };

    private static void Check(DeviceImage image, int width, int height, Func<int, int, float> unit)
    {
        using var host = new Host(width, height);
        float[] actual = host.Prepare(image, 1, 1);
        int pixels = width * height;
        for (int i = 0; i < actual.Length; i++)
        {
            int plane = i / pixels, channel = image.Channels == 1 ? 0 : image.ReverseChannels ? 2 - plane : plane;
            Assert.Equal((unit(i % pixels, channel) - image.Mean[plane]) / image.Std[plane], actual[i]);
        }
    }

    // OpenCvResize's positions; where nothing is resized, each sample stands for itself.
    private static ResizeAxis Integers(int size, int toSize, bool halve)
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
        return new ResizeAxis(before, after, weights);
    }

    // BilinearResize's positions.
    private static ResizeAxis Floats(int size, int toSize)
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
        return new ResizeAxis(before, after, Array.ConvertAll(weights, BitConverter.SingleToInt32Bits));
    }

    /// <summary>What the host does to an image on its way to a plan and back, each slice an allocation of its own.</summary>
    private sealed unsafe class Host : IDisposable
    {
        private readonly StubDriver _driver;
        private readonly CudaContext _context;
        private readonly KernelSet _kernels;
        private readonly CudaStream _stream;
        private readonly ImageTransfer _transfer;
        private readonly int _planar;

        public Host(int width, int height)
        {
            StubDriver? driver = null;
            _driver = driver = new StubDriver { Run = launch => Gpu.Run(launch, driver!.Memory) };
            _context = new CudaContext(driver, CudaDevice.List(driver)[0], isolatesMemory: true);
            _kernels = new KernelSet(_context, KernelLibrary.Kernels);
            _stream = new CudaStream(_context);
            _planar = 3 * width * height;
            _transfer = new ImageTransfer(_context, _kernels, Tensor.Create(new InputOp(new Shape(1, 3, height, width)), [], "x"));
        }

        /// <summary>The network's input.</summary>
        public float[] Prepare(DeviceImage image, int maskWidth, int maskHeight)
        {
            using var planar = new DeviceMemory(_context, (nuint)(_planar * sizeof(float)), "test");
            _transfer.Prepare(_stream, image, planar.Address, maskWidth, maskHeight);
            _stream.Synchronize();
            return _driver.Memory.Read<float>(planar.Address, _planar);
        }

        /// <summary>The mask of probabilities; an image has been prepared before.</summary>
        public byte[] Cut(float[] probabilities, Shape shape, float threshold, int width, int height)
        {
            using var planar = new DeviceMemory(_context, (nuint)(probabilities.Length * sizeof(float)), "test");
            using var staging = new PinnedMemory(_context, planar.Bytes);
            probabilities.CopyTo(new Span<float>(staging.Data, probabilities.Length));
            _stream.Upload(staging.Data, planar.Address, planar.Bytes);
            _transfer.Cut(_stream, planar.Address, shape, threshold, width, height);
            _stream.Synchronize();
            var mask = new byte[width * height];
            _transfer.CopyMask(mask);
            return mask;
        }

        public void Dispose()
        {
            _transfer.Dispose();
            _stream.Dispose();
            _kernels.Dispose();
            _context.Dispose();
        }
    }
}
