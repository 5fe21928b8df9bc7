using CsCheck;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Kernels.Abi;

namespace LungSeg.Kernels.Tests.Convolution;

public sealed class SimtConvTests
{
    private static readonly KernelInfo[] Kernels = [.. TiledRun.Kernels(KernelFamily.ConvSimt, KernelNumbers.Float32)];

    public static TheoryData<string> Names => [.. Kernels.Select(kernel => kernel.Name)];

    [Theory, MemberData(nameof(Names))]
    public void A_tile_matches_the_reference(string name) => Gen.Select(ConvCase.Tiled, Gen.OneOf(1, 1, 2, 3), Gen.Bool).Sample(
        (test, splits, slice) => test.Expected(Storage.F32)
            .Check(TiledRun.Run(KernelLibrary.Find(name), test, splits, slice), $"{splits} splits, {test}"),
        iter: 10, threads: 1);

    [Fact]
    public void All_tiles_give_the_same_bits() => Gen.Select(ConvCase.Tiled, Gen.OneOf(1, 2)).Sample(
        (test, splits) =>
        {
            Map[] results = [.. Kernels.Select(kernel => TiledRun.Run(kernel, test, splits))];
            Assert.All(results, result => Assert.Equal(results[0].Values, result.Values));
        },
        iter: 5, threads: 1);
}
