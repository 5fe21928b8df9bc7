using CsCheck;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Backends.Reference;

namespace LungSeg.Kernels.Tests.Convolution;

public sealed class MmaConvTests
{
    private static readonly KernelInfo[] Halves = [.. TiledConv.Kernels("conv_mma", "f16").Where(kernel => !kernel.Gate)];
    private static readonly KernelInfo[] Hopper = [.. TiledConv.Kernels("conv_wgmma", "f16")];
    private static readonly KernelInfo[] Tf32 = [.. TiledConv.Kernels("conv_mma", "tf32").Where(kernel => !kernel.Gate)];

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
            (Numbers numbers, Storage storage) = kernel.Precision == "tf32" ? (Numbers.Tf32, Storage.F32) : (Numbers.F16, Storage.F16);
            test = test with { Numbers = numbers };
            test.Expected(storage, isTruncated: true).Check(TiledConv.Run(kernel, test, splits, slice), $"{splits} splits, {test}");
        },
        iter: 8, threads: 1);

    [Fact]
    public void All_tiles_give_the_same_bits() => Gen.Select(ConvCase.Tiled, Gen.OneOf(1, 2), Gen.OneOf(Halves, Tf32, Hopper)).Sample(
        (test, splits, kernels) =>
        {
            test = test with { Numbers = kernels == Tf32 ? Numbers.Tf32 : Numbers.F16 };
            Map[] results = [.. kernels.Select(kernel => TiledConv.Run(kernel, test, splits))];
            Assert.All(results, result => Assert.Equal(results[0].Values, result.Values));
        },
        iter: 6, threads: 1);

    [Theory, MemberData(nameof(GatedNames))]
    public void Gates_are_multiplied_on_the_way(string name) => Gated.Sample(
        test =>
        {
            KernelInfo kernel = KernelLibrary.Find(name);
            bool half = kernel.Precision == "f16";
            Storage storage = half ? Storage.F16 : Storage.F32;
            test = test with { Numbers = half ? Numbers.F16 : Numbers.Tf32 };
            int padded = (test.Input.C + 7) / 8 * 8;
            float[] gate = test.Values("gate", test.Input.N * padded);
            // The same convolution of the input that is gated and rounded beforehand.
            ConvCase gated = test with { Gate = gate };
            gated.Expected(storage, isTruncated: true).Check(TiledConv.Run(kernel, test, gate: gate), $"{kernel.Name}, {test}");
        },
        iter: 3, threads: 1);
}
