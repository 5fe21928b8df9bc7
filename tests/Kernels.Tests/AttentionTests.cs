using CsCheck;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Ops;
using LungSeg.Kernels.Abi;

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
            (int n, int c, int h, int w) = test.Shape;
            int pixels = h * w, stride = (pixels + 3) / 4 * 4;
            Map top = test.Values("top", narrow, -size, size), center = test.Values("center", narrow, -size, size), bottom = test.Values("bottom");
            Map y = Expected.Run(Tensor.Create(new PositionAttentionOp(), [test.Input(narrow), test.Input(narrow), test.Input()], "pab"), top, center, bottom);

            using var gpu = new Gpu();
            DeviceTensor output = DeviceTensor.Empty(gpu, test.Storage, test.Shape, test.Slice);
            int tiles = (pixels + 31) / 32;
            var p = new AttentionParameters
            {
                Top = DeviceTensor.Of(gpu, test.Storage, top, test.Slice).Map,
                Center = DeviceTensor.Of(gpu, test.Storage, center).Map,
                Bottom = DeviceTensor.Of(gpu, test.Storage, bottom, test.Slice).Map,
                Output = output.Map,
                Scores = (long)gpu.Memory.Allocate(4L * n * pixels * stride),
                Greatest = (long)gpu.Memory.Allocate(4L * n * tiles * tiles),
                Sums = (long)gpu.Memory.Allocate(4L * n * pixels),
                ScoreStride = stride,
                Batch = n,
            };
            gpu.Launch($"attention_scores_{test.Storage.Suffix(width)}", (tiles, tiles, n), p);
            gpu.Launch("attention_exponentials", (pixels, n, 1), p);
            gpu.Launch($"attention_product_{test.Suffix}", ((output.PaddedChannels + 31) / 32, tiles, n), p);
            // Scores are off by d, their exponentials by a factor of exp(d); the sums' roundings are relative to weights that add up to 1.
            double d = Unit * (width + 4) * width * size * size;
            Expected.Within(y, _ => (2 * d) + (Unit * (pixels + 64)), test.Storage).Check(output.Read(), $"{test}, width {width}");
        },
        iter: 3, threads: 1);
}
