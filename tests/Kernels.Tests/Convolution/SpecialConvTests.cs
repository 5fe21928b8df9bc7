using CsCheck;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Backends.Cuda.Convolution;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Ops;

namespace LungSeg.Kernels.Tests.Convolution;

/// <summary>Convolutions of the first and last layers, of few pixels, and of any kind.</summary>
public sealed class SpecialConvTests
{
    [Theory, MemberData(nameof(Storages.All), MemberType = typeof(Storages))]
    public void Direct_convolutions_match_the_reference(Storage storage) => Gen.Select(ConvCase.Any, Gen.Bool).Sample(
        (test, slice) => Check(test, storage, slice, slice, (node, op) => DirectConv.Of(node, op, HostRun.Kernels(storage))),
        iter: 15, threads: 1);

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
            (Tensor node, Conv2dOp op, _) = Node(test);
            Map actual = new HostRun(gpu, storage).WithPlanar(test.X()).Run(new PlanarConv(node, op, HostRun.Kernels(storage)), slice);
            // The input is not stored in the maps' type, and neither are the weights.
            test.Expected(storage).Check(actual, $"{storage}, {test}");
        },
        iter: 10, threads: 1);

    [Theory, MemberData(nameof(Storages.All), MemberType = typeof(Storages))]
    public void Heads_of_one_filter_match_the_reference(Storage storage) => Gen.Select(
        from channels in Gen.OneOf(Gen.Int[2, 40], Gen.OneOf(64, 130, 300))
        from test in ConvCase.Of(channels, 1, 1, Gen.OneOf(1, 3, 7), Gen.OneOf(1, 1, 2))
        select test, Gen.Bool).Sample(
        (test, slice) => Check(test, storage, slice, slice: false, (node, op) => new HeadConv(node, op, HostRun.Kernels(storage))),
        iter: 12, threads: 1);

    [Theory, MemberData(nameof(Storages.All), MemberType = typeof(Storages))]
    public void Linear_layers_match_the_reference(Storage storage) => (
        from channels in Gen.OneOf(Gen.Int[2, 40], Gen.OneOf(64, 130, 300))
        from filters in Gen.Int[2, 40]
        from test in ConvCase.Of(channels, filters, 1, Gen.Const(1), Gen.Const(1))
        select test with { Stride = 1, Padding = 0, Input = test.Input with { H = 1 + (test.Input.H % 3), W = 1 + (test.Input.W % 3) } })
            .Sample(
        test => Check(test, storage, false, false, (node, op) => new LinearConv(node, op, HostRun.Kernels(storage))),
        iter: 10, threads: 1);

    private static void Check(ConvCase drawn, Storage storage, bool sliceInput, bool slice, Func<Tensor, Conv2dOp, CudaOp> create)
    {
        ConvCase test = drawn with { Numbers = storage.ToNumbers() };
        using var gpu = new Gpu();
        (Tensor node, Conv2dOp op, Tensor shortcut) = Node(test);
        HostRun run = new HostRun(gpu, storage).With(node.Inputs[0], test.X(), sliceInput);
        if (test.Residual) run.With(shortcut, test.Shortcut(), !slice);
        test.Expected(storage).Check(run.Run(create(node, op), slice), $"{storage}, {test}");
    }

    private static (Tensor Node, Conv2dOp Op, Tensor Shortcut) Node(ConvCase test)
    {
        Tensor x = Tensor.Create(new InputOp(test.Input), [], "x"), shortcut = Tensor.Create(new InputOp(test.Output), [], "shortcut");
        Conv2dOp op = test.Op with { Activation = test.Activation };
        return (Tensor.Create(op, test.Residual ? [x, shortcut] : [x], "conv"), op, shortcut);
    }
}
