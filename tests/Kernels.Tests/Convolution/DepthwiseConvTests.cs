using CsCheck;
using LungSeg.Kernels.Abi;

namespace LungSeg.Kernels.Tests.Convolution;

public sealed class DepthwiseConvTests
{
    private static readonly Gen<(string Kernel, ConvCase Case, Storage Storage, bool Slice)> Cases =
        from channels in Gen.Int[2, 40]
        from window in Gen.OneOf(3, 3, 5, 5, 1, 2, 4, 7)
        from test in ConvCase.Of(channels, channels, channels, Gen.Const(window), Gen.OneOf(1, 1, 2, 3))
        from special in Gen.Bool
        from storage in Gen.Enum<Storage>()
        from slice in Gen.Bool
        select ($"depthwise{(special && window is 3 or 5 ? $"_{window}x{window}" : "")}_{storage.Suffix()}", test with { Residual = false, Numbers = storage.ToNumbers() }, storage, slice);

    [Fact]
    public void Depthwise_convolutions_match_the_reference() => Cases.Sample(
        drawn =>
        {
            (string kernel, ConvCase test, Storage storage, bool slice) = drawn;
            using var gpu = new Gpu();
            DeviceTensor input = DeviceTensor.Of(gpu, storage, test.X(), slice), output = DeviceTensor.Empty(gpu, storage, test.Output, !slice);
            int channels = test.Input.C, padded = input.PaddedChannels;
            float[] weights = test.Op.Weight.Read(), packed = new float[test.R * test.S * padded];
            for (int i = 0; i < weights.Length; i++) packed[(i % (test.R * test.S) * padded) + (i / (test.R * test.S))] = weights[i];
            float[] bias = test.Values("bias", channels);
            Array.Resize(ref bias, padded);
            gpu.LaunchItems(kernel, test.Output.H * DepthwiseParameters.Strips(test.Output.W, test.Dilation) * padded / 8, test.Output.N, new DepthwiseParameters
            {
                Input = input.Map,
                Output = output.Map,
                Weights = storage.Upload(gpu, packed),
                Bias = test.Bias ? Storage.F32.Upload(gpu, bias) : 0,
                Batch = test.Input.N,
                R = test.R,
                S = test.S,
                Stride = test.Stride,
                Dilation = test.Dilation,
                PadTop = test.Padding.Top,
                PadLeft = test.Padding.Left,
                Activation = (int)test.Activation,
            });
            test.Expected(storage).Check(output.Read(), $"{kernel}, {test}");
        },
        iter: 50, threads: 1);
}
