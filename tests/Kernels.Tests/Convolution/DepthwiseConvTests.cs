using CsCheck;
using LungSeg.Kernels.Abi;

namespace LungSeg.Kernels.Tests.Convolution;

public sealed class DepthwiseConvTests
{
    /// <summary>Storages, and the window that a kernel is written for; 0: any.</summary>
    public static MatrixTheoryData<Storage, int> Kinds { get; } = new([Storage.F32, Storage.F16], [0, 3, 5]);

    [Theory, MemberData(nameof(Kinds))]
    public void Depthwise_convolutions_match_the_reference(Storage storage, int window) => Gen.Select(
        from channels in Gen.Int[2, 40]
        from test in ConvCase.Of(channels, channels, channels, window == 0 ? Gen.OneOf(1, 2, 3, 4, 5, 7) : Gen.Const(window), Gen.OneOf(1, 1, 2, 3))
        from stride in Gen.OneOf(1, 1, 2, 2, 3)
        select test with { Residual = false, Numbers = storage.ToNumbers(), Stride = stride }, Gen.Bool).Sample(
        (test, slice) =>
        {
            string kernel = $"depthwise{(window > 0 ? $"_{window}x{window}" : "")}_{storage.Suffix()}";
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
        iter: 20, threads: 1);
}
