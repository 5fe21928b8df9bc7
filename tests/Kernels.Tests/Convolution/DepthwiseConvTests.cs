using CsCheck;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cuda.Convolution;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Ops;

namespace LungSeg.Kernels.Tests.Convolution;

public sealed class DepthwiseConvTests
{
    /// <summary>Storages, and the window that a kernel is written for; 0: any.</summary>
    public static MatrixTheoryData<Storage, int> Kinds { get; } = new([Storage.F32, Storage.F16], [0, 3, 5]);

    [Theory, MemberData(nameof(Kinds))]
    public void Depthwise_convolutions_match_the_reference(Storage storage, int window) => Gen.Select(
        from channels in Gen.Int[2, 40]
        from test in ConvCase.Of(channels, channels, channels, window == 0 ? Gen.OneOf(1, 2, 4, 6, 7) : Gen.Const(window),
            Gen.OneOf(1, 1, 2, 3))
        from stride in Gen.OneOf(1, 1, 2, 2, 3)
        select test with { Residual = false, Numbers = storage.ToNumbers(), Stride = stride }, Gen.Bool).Sample(
        (test, slice) =>
        {
            using var gpu = new Gpu();
            Tensor x = Tensor.Create(new InputOp(test.Input), [], "x");
            Conv2dOp op = test.Op with { Activation = test.Activation };
            var conv = new DepthwiseConv(Tensor.Create(op, [x], "conv"), op, HostRun.Kernels(storage));
            Map actual = new HostRun(gpu, storage).With(x, test.X(), slice).Run(conv, !slice);
            test.Expected(storage).Check(actual, $"{storage}, {test}");
        },
        iter: 20, threads: 1);
}
