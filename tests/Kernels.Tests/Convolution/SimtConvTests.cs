using CsCheck;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Backends.Reference;

namespace LungSeg.Kernels.Tests.Convolution;

public sealed class SimtConvTests
{
    private static readonly KernelInfo[] Kernels = [.. TiledConv.Kernels("conv_simt", "f32")];

    [Fact]
    public void All_tiles_match_the_reference() => Gen.Select(ConvCase.Tiled, Gen.OneOf(Kernels), Gen.OneOf(1, 1, 2, 3), Gen.Bool).Sample(
        (test, kernel, splits, slice) => test.Expected(Storage.F32).Check(TiledConv.Run(kernel, test, splits, slice), $"{kernel.Name}, {splits} splits, {test}"),
        iter: 40, threads: 1);

    [Fact]
    public void All_tiles_give_the_same_bits() => Gen.Select(ConvCase.Tiled, Gen.OneOf(1, 2)).Sample(
        (test, splits) =>
        {
            Map[] results = [.. Kernels.Select(kernel => TiledConv.Run(kernel, test, splits))];
            Assert.All(results, result => Assert.Equal(results[0].Values, result.Values));
        },
        iter: 5, threads: 1);
}
