using CsCheck;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Kernels.Abi;

namespace LungSeg.Kernels.Tests.Convolution;

public sealed class MmaConvTests
{
    private static readonly KernelInfo[] Halves = [.. TiledRun.Kernels(KernelFamily.ConvMma, KernelNumbers.Float16)];
    private static readonly KernelInfo[] Hopper = [.. TiledRun.Kernels(KernelFamily.ConvWgmma, KernelNumbers.Float16)];
    private static readonly KernelInfo[] Tf32 = [.. TiledRun.Kernels(KernelFamily.ConvMma, KernelNumbers.TensorFloat32)];

    private static readonly Gen<ConvCase> Gated =
        from channels in Gen.Int[2, 150]
        from filters in Gen.Frequency((3, Gen.Int[2, 40]), (1, Gen.Int[60, 140]))
        from test in ConvCase.Of(channels, filters, 1, Gen.Const(1), Gen.Const(1))
        select test with { Padding = 0 };

    public static TheoryData<string> Names => [.. Halves.Concat(Hopper).Concat(Tf32).Select(kernel => kernel.Name)];

    public static TheoryData<string> GatedNames => [.. KernelLibrary.Kernels.Where(kernel => kernel.Gate).Select(kernel => kernel.Name)];

    [Theory, MemberData(nameof(Names))]
    public void A_tile_matches_the_reference(string name) => Gen.Select(ConvCase.Tiled, Gen.OneOf(1, 1, 2, 3), Gen.Bool).Sample(
        (test, splits, slice) =>
        {
            KernelInfo kernel = KernelLibrary.Find(name);
            test = test with { Numbers = TiledRun.NumbersOf(kernel) };
            test.Expected(TiledRun.StorageOf(kernel), isTruncated: true)
                .Check(TiledRun.Run(kernel, test, splits, slice), $"{splits} splits, {test}");
        },
        iter: 8, threads: 1);

    [Fact]
    public void All_tiles_give_the_same_bits() => Gen.Select(ConvCase.Tiled, Gen.OneOf(1, 2), Gen.OneOf(Halves, Tf32, Hopper)).Sample(
        (test, splits, kernels) =>
        {
            test = test with { Numbers = kernels == Tf32 ? Numbers.Tf32 : Numbers.F16 };
            Map[] results = [.. kernels.Select(kernel => TiledRun.Run(kernel, test, splits))];
            Assert.All(results, result => Assert.Equal(results[0].Values, result.Values));
        },
        iter: 6, threads: 1);

    [Theory, MemberData(nameof(GatedNames))]
    public void Gates_are_multiplied_on_the_way(string name) => Gated.Sample(
        test =>
        {
            KernelInfo kernel = KernelLibrary.Find(name);
            test = test with { Numbers = TiledRun.NumbersOf(kernel) };
            int padded = (test.Input.C + 7) / 8 * 8;
            float[] gate = test.Values("gate", test.Input.N * padded);
            // The same convolution of the input that is gated and rounded beforehand.
            ConvCase gated = test with { Gate = gate };
            gated.Expected(TiledRun.StorageOf(kernel), isTruncated: true)
                .Check(TiledRun.Run(kernel, test, gate: gate), $"{kernel.Name}, {test}");
        },
        iter: 3, threads: 1);
}
