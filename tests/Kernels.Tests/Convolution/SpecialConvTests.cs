using CsCheck;
using LungSeg.Kernels.Abi;

namespace LungSeg.Kernels.Tests.Convolution;

/// <summary>Convolutions of the first and last layers, of few pixels, and of any kind.</summary>
public sealed class SpecialConvTests
{
    public static MatrixTheoryData<Storage, bool> Inputs { get; } = new([Storage.F32, Storage.F16], [false, true]);

    [Theory, MemberData(nameof(Inputs))]
    public void Direct_convolutions_match_the_reference(Storage storage, bool planar) => Gen.Select(ConvCase.Any, Gen.Bool).Sample(
        (drawn, slice) =>
        {
            ConvCase test = drawn with { Numbers = storage.ToNumbers() };
            using var gpu = new Gpu();
            DeviceTensor input = DeviceTensor.Of(gpu, storage, test.X(), slice), output = DeviceTensor.Empty(gpu, storage, test.Output, slice);
            int channels = test.Input.C / test.Groups, width = test.Input.W, plane = test.Input.H * width;
            float[] weights = test.Op.Weight.Read(), packed = new float[weights.Length];
            for (int i = 0; i < weights.Length; i++)
            {
                (int k, int rest) = Math.DivRem(i, channels * test.R * test.S);
                (int c, int tap) = Math.DivRem(rest, test.R * test.S);
                packed[(((tap * channels) + c) * test.Filters) + k] = weights[i];
            }
            gpu.LaunchItems($"conv_direct_{storage.Suffix()}", test.Output.H * test.Output.W * output.PaddedChannels, test.Output.N, new DirectConvParameters
            {
                Output = output.Map,
                Residual = test.Residual ? DeviceTensor.Of(gpu, storage, test.Shortcut(), !slice).Map : default,
                Input = planar ? storage.Upload(gpu, test.X().Values) : input.Map.Address,
                Weights = Storage.F32.Upload(gpu, packed),
                Bias = test.Bias ? Storage.F32.Upload(gpu, test.Values("bias", test.Filters)) : 0,
                ImageStride = planar ? (long)test.Input.C * plane : (long)plane * input.Map.PixelStride,
                ChannelStride = planar ? plane : 1,
                RowStride = width * (planar ? 1 : input.Map.PixelStride),
                ColumnStride = planar ? 1 : input.Map.PixelStride,
                Batch = test.Input.N,
                Height = test.Input.H,
                Width = width,
                Channels = channels,
                Filters = test.Filters / test.Groups,
                R = test.R,
                S = test.S,
                Stride = test.Stride,
                Dilation = test.Dilation,
                PadTop = test.Padding.Top,
                PadLeft = test.Padding.Left,
                Rows = test.Output.H,
                Columns = test.Output.W,
                Step = 1,
                Activation = (int)test.Activation,
            });
            test.Expected(storage).Check(output.Read(), $"planar {planar}, {storage}, {test}");
        },
        iter: 10, threads: 1);

    [Theory, MemberData(nameof(Storages.All), MemberType = typeof(Storages))]
    public void First_layers_match_the_reference(Storage storage) => Gen.Select(
        from channels in Gen.Int[1, 3]
        from filters in Gen.Int[2, 40]
        from test in ConvCase.Of(channels, filters, 1, Gen.OneOf(3, 3, 7, 1), Gen.OneOf(1, 1, 2))
        from times in Gen.OneOf(1, 5, 12, 20) // Rows longer than a tile of pixels, too.
        select test with { Residual = false, Input = test.Input with { W = test.Input.W * times } }, Gen.Bool).Sample(
        (test, slice) =>
        {
            using var gpu = new Gpu();
            string kernel = $"conv_planar_{storage.Suffix()}";
            DeviceTensor output = DeviceTensor.Empty(gpu, storage, test.Output, slice);
            int taps = test.Input.C * test.R * test.S, padded = output.PaddedChannels;
            float[] weights = test.Op.Weight.Read(), packed = new float[taps * padded], bias = test.Values("bias", test.Filters);
            for (int i = 0; i < weights.Length; i++) packed[(i % taps * padded) + (i / taps)] = weights[i];
            Array.Resize(ref bias, padded);
            var info = Engine.Backends.Cuda.KernelLibrary.Find(kernel);
            (int, int, int) grid = ((test.Output.W + info.TileN - 1) / info.TileN, ((test.Output.H * padded / 8) + info.TileM - 1) / info.TileM, test.Output.N);
            gpu.Launch(kernel, grid, new PlanarConvParameters
            {
                Output = output.Map,
                Input = Storage.F32.Upload(gpu, test.X().Values),
                Weights = Storage.F32.Upload(gpu, packed),
                Bias = test.Bias ? Storage.F32.Upload(gpu, bias) : 0,
                Batch = test.Input.N,
                Channels = test.Input.C,
                Height = test.Input.H,
                Width = test.Input.W,
                R = test.R,
                S = test.S,
                Stride = test.Stride,
                Dilation = test.Dilation,
                PadTop = test.Padding.Top,
                PadLeft = test.Padding.Left,
                Activation = (int)test.Activation,
            });
            test.Expected(storage).Check(output.Read(), $"{storage}, {test}");
        },
        iter: 10, threads: 1);

    [Theory, MemberData(nameof(Storages.All), MemberType = typeof(Storages))]
    public void Heads_of_one_filter_match_the_reference(Storage storage) => Gen.Select(
        from channels in Gen.OneOf(Gen.Int[2, 40], Gen.OneOf(64, 130, 300))
        from test in ConvCase.Of(channels, 1, 1, Gen.OneOf(1, 3, 7), Gen.OneOf(1, 1, 2))
        select test, Gen.Bool).Sample(
        (drawn, slice) =>
        {
            ConvCase test = drawn with { Numbers = storage.ToNumbers() };
            using var gpu = new Gpu();
            DeviceTensor input = DeviceTensor.Of(gpu, storage, test.X(), slice), output = DeviceTensor.Empty(gpu, storage, test.Output);
            int padded = input.PaddedChannels, taps = test.R * test.S, lanes = HeadConvParameters.LanesFor(test.Input.C);
            float[] weights = test.Op.Weight.Read(), packed = new float[taps * padded];
            for (int i = 0; i < weights.Length; i++) packed[(i % taps * padded) + (i / taps)] = weights[i];
            gpu.LaunchItems($"conv_head_{storage.Suffix()}", test.Output.H * test.Output.W * lanes, test.Output.N, new HeadConvParameters
            {
                Input = input.Map,
                Output = output.Map,
                Residual = test.Residual ? DeviceTensor.Of(gpu, storage, test.Shortcut()).Map : default,
                Weights = Storage.F32.Upload(gpu, packed),
                Bias = test.Bias ? Storage.F32.Upload(gpu, test.Values("bias", 1)) : 0,
                Batch = test.Input.N,
                R = test.R,
                S = test.S,
                Stride = test.Stride,
                Dilation = test.Dilation,
                PadTop = test.Padding.Top,
                PadLeft = test.Padding.Left,
                Lanes = lanes,
                Activation = (int)test.Activation,
            });
            test.Expected(storage).Check(output.Read(), $"{storage}, {test}");
        },
        iter: 12, threads: 1);

    [Theory, MemberData(nameof(Storages.All), MemberType = typeof(Storages))]
    public void Linear_layers_match_the_reference(Storage storage) => (
        from channels in Gen.OneOf(Gen.Int[2, 40], Gen.OneOf(64, 130, 300))
        from filters in Gen.Int[1, 40]
        from test in ConvCase.Of(channels, filters, 1, Gen.Const(1), Gen.Const(1))
        select test with { Stride = 1, Padding = 0, Input = test.Input with { H = 1 + (test.Input.H % 3), W = 1 + (test.Input.W % 3) } }).Sample(
        drawn =>
        {
            ConvCase test = drawn with { Numbers = storage.ToNumbers() };
            using var gpu = new Gpu();
            DeviceTensor input = DeviceTensor.Of(gpu, storage, test.X()), output = DeviceTensor.Empty(gpu, storage, test.Output);
            float[] weights = test.Op.Weight.Read(), packed = new float[test.Filters * input.PaddedChannels];
            for (int k = 0; k < test.Filters; k++) weights.AsSpan(k * test.Input.C, test.Input.C).CopyTo(packed.AsSpan(k * input.PaddedChannels));
            gpu.LaunchItems($"linear_{storage.Suffix()}", test.Output.H * test.Output.W * output.PaddedChannels * 32, test.Output.N, new LinearParameters
            {
                Input = input.Map,
                Output = output.Map,
                Residual = test.Residual ? DeviceTensor.Of(gpu, storage, test.Shortcut()).Map : default,
                Weights = storage.Upload(gpu, packed),
                Bias = test.Bias ? Storage.F32.Upload(gpu, test.Values("bias", test.Filters)) : 0,
                Batch = test.Input.N,
                Activation = (int)test.Activation,
            });
            test.Expected(storage).Check(output.Read(), $"{storage}, {test}");
        },
        iter: 10, threads: 1);
}
