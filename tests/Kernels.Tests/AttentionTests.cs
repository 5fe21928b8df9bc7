using CsCheck;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Ops;

namespace LungSeg.Kernels.Tests;

public sealed class AttentionTests
{
    private const double Unit = 1.0 / (1 << 24);

    public static MatrixTheoryData<Storage, bool, bool> Kinds { get; } = new([Storage.F32, Storage.F16], [false, true], [false, true]);

    [Theory, MemberData(nameof(Kinds))]
    public void Position_attention_matches_the_reference(Storage storage, bool single, bool narrow) => Gen.Select(
        MapCase.Of(storage, single), narrow ? Gen.Const(1) : Gen.Int[2, 20], Gen.OneOf(1.0, 4.0)).Sample(
        (test, width, size) =>
        {
            test = test with { Shape = test.Shape with { H = Math.Min(test.Shape.H, 8), W = Math.Min(test.Shape.W, 9) } };
            Shape narrow = test.Shape with { C = width };
            (_, _, int h, int w) = test.Shape;
            int pixels = h * w;
            Map top = test.Values("top", narrow, -size, size), center = test.Values("center", narrow, -size, size),
                bottom = test.Values("bottom");
            Tensor a = test.Input(narrow), b = test.Input(narrow), x = test.Input(),
                node = Tensor.Create(new PositionAttentionOp(), [a, b, x], "pab");
            Map y = Expected.Run(node, top, center, bottom);
            using var gpu = new Gpu();
            Map actual = new HostRun(gpu, storage).With(a, top, test.Slice).With(b, center).With(x, bottom, test.Slice)
                .Run(new Engine.Backends.Cuda.PositionAttention(node, HostRun.Kernels(storage)), test.Slice);
            // Scores are off by d, their exponentials by a factor of exp(d); the sums' roundings are relative to weights that add up to 1.
            double d = Unit * (width + 4) * width * size * size;
            Expected.Within(y, _ => (2 * d) + (Unit * (pixels + 64)), test.Storage).Check(actual, $"{test}, width {width}");
        },
        iter: 3, threads: 1);
}
