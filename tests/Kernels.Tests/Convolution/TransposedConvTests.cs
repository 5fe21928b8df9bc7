using CsCheck;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cuda.Convolution;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;
using LungSeg.Kernels.Abi;

namespace LungSeg.Kernels.Tests.Convolution;

/// <summary>Four phases in one launch: transposed convolutions of 4x4 with stride 2, and 3x3 ones of maps upsampled by two.</summary>
public sealed class TransposedConvTests
{
    private static readonly Gen<(KernelInfo Kernel, ConvCase Case)> Cases = Gen.Select(
        Gen.OneOf([.. TiledRun.All]),
        ConvCase.Tiled, (kernel, test) => (kernel, test with
        {
            Groups = 1,
            Numbers = TiledRun.NumbersOf(kernel),
            Input = test.Input with { H = Math.Min(test.Input.H, 6), W = Math.Min(test.Input.W, 7) },
        }));

    [Fact]
    public void Transposed_convolutions_match_the_reference() => Cases.Sample(
        drawn =>
        {
            (KernelInfo kernel, ConvCase test) = drawn;
            int channels = test.Input.C, filters = test.Filters;
            float[] weights = test.Values("transposed", channels * filters * 16), bias = test.Values("bias", filters);
            var op = new ConvTranspose2dOp(Parameter("weight", weights, channels, filters, 4, 4), Parameter("bias", bias, filters), 2, 1);
            ConvTranspose2dOp sizes = op with
            {
                Weight = Parameter("weight", Array.ConvertAll(weights, Math.Abs), channels, filters, 4, 4),
                Bias = Parameter("bias", Array.ConvertAll(bias, Math.Abs), filters)
            };
            Tensor x = Tensor.Create(new InputOp(test.Input), [], "x");
            Storage storage = TiledRun.StorageOf(kernel);
            Expected expected = Expected.OfLinear(Tensor.Create(op, [x], "up"), Tensor.Create(sizes, [x], "sizes"), [test.X()],
                test.Activation, channels * 4, storage, isTruncated: true);
            TiledConv? conv = Create(op with { Activation = test.Activation },
                activated => TiledConv.TryOf(Tensor.Create(activated, [x], "up"), activated, HostRun.Kernels(kernel, 1)));
            expected.Check(Run(storage, test, x, conv), $"{kernel.Name}, {test}");
        },
        iter: 15, threads: 1);

    [Fact]
    public void Upsampling_and_convolution_are_four_convolutions_of_the_small_map() => Cases.Sample(
        drawn =>
        {
            (KernelInfo kernel, ConvCase test) = drawn;
            int channels = test.Input.C, filters = test.Filters;
            // Sums of two and four weights that the numbers have too.
            float[] weights = Array.ConvertAll(test.Values("weight", channels * filters * 9), value => MathF.Round(value * 32) / 32),
                bias = test.Values("bias", filters);
            Tensor x = Tensor.Create(new InputOp(test.Input), [], "x"), up = Tensor.Create(new UpsampleNearestOp(2), [x], "up");
            Conv2dOp Conv(Func<float, float> of) => new(
                Parameter("weight", Array.ConvertAll(weights, value => of(value)), filters, channels, 3, 3),
                Parameter("bias", Array.ConvertAll(bias, value => of(value)), filters), 1, 1, 1, 1);
            Storage storage = TiledRun.StorageOf(kernel);
            Expected expected = Expected.OfLinear(
                Tensor.Create(Conv(value => value), [up], "conv"), Tensor.Create(Conv(Math.Abs), [up], "sizes"),
                [Expected.Run(up, test.X())], test.Activation, channels * 9, storage, isTruncated: true);
            TiledConv? conv = Create(Conv(value => value) with { Activation = test.Activation }, activated => TiledConv.TryOf(
                Tensor.Create(activated, [up], "conv"), activated, new ConvInput(x, Upsampled: true), HostRun.Kernels(kernel, 1)));
            expected.Check(Run(storage, test, x, conv), $"{kernel.Name}, {test}");
        },
        iter: 15, threads: 1);

    private static TiledConv? Create<T>(T op, Func<T, TiledConv?> create) where T : ActivatedOp => create(op);

    private static Map Run(Storage storage, ConvCase test, Tensor x, TiledConv? conv)
    {
        Assert.NotNull(conv);
        using var gpu = new Gpu();
        return new HostRun(gpu, storage).With(x, test.X()).Run(conv);
    }

    private static Parameter Parameter(string key, float[] values, params int[] dims) => new(key, dims, () => values);
}
