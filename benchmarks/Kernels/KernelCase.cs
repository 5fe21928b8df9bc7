using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Benchmarks.Kernels;

/// <summary>A layer of one of the nine networks by itself, at the size that it has there.</summary>
public sealed record KernelCase(string Name, Graph Graph)
{
    public static IReadOnlyList<KernelCase> All { get; } = [.. Cases()];

    public override string ToString() => Name;

    private static IEnumerable<KernelCase> Cases()
    {
        var w = new WeightScope(new SyntheticWeights("kernels/"));
        yield return Case("3x3 64>64 96x96", 64, 96, x => new Conv2d(w["a"], 64, 64, 3, padding: 1).Forward(x).ReLU());
        yield return Case("3x3 256>256 24x24", 256, 24, x => new Conv2d(w["b"], 256, 256, 3, padding: 1).Forward(x).ReLU());
        yield return Case("3x3 32>16 384x384", 32, 384, x => new Conv2d(w["c"], 32, 16, 3, padding: 1).Forward(x).ReLU());
        yield return Case("3x3 d12 256>256 64x64", 256, 64, x => new Conv2d(w["d"], 256, 256, 3, padding: 12, dilation: 12).Forward(x));
        yield return Case("3x3 g32 256>256 48x48", 256, 48, x => new Conv2d(w["e"], 256, 256, 3, padding: 1, groups: 32).Forward(x));
        yield return Case("stem 3x3 s2 3>32 512x512", 3, 512, x =>
            new Conv2d(w["f"], 3, 32, 3, stride: 2, padding: new Padding(0, 0, 1, 1)).Forward(x).SiLU());
        yield return Case("1x1 96>24 128x128", 96, 128, x => new Conv2d(w["g"], 96, 24, 1).Forward(x));
        yield return Case("1x1 24>144 128x128", 24, 128, x => new Conv2d(w["h"], 24, 144, 1).Forward(x).SiLU());
        yield return Case("1x1 1152>320 16x16", 1152, 16, x => new Conv2d(w["i"], 1152, 320, 1).Forward(x));
        yield return Case("depthwise 3x3 144 128x128", 144, 128, x => new Conv2d(w["j"], 144, 144, 3, padding: 1, groups: 144).Forward(x).SiLU());
        yield return Case("depthwise 5x5 s2 240 64x64", 240, 64, x =>
            new Conv2d(w["k"], 240, 240, 5, stride: 2, padding: 2, groups: 240).Forward(x).SiLU());
        yield return Case("transposed 4x4 s2 64>64 60x60", 64, 60, x => new ConvTranspose2d(w["l"], 64, 64, 4, stride: 2, padding: 1).Forward(x));
        yield return Case("bilinear x4 256 32x32", 256, 32, x => x.UpsampleBilinear(4, alignCorners: true));
        yield return Case("nearest x2 64 96x96", 64, 96, x => x.UpsampleNearest(2));
        yield return Case("max pool 3x3 s2 64 192x192", 64, 192, x => x.MaxPool2d(3, 2, ceilMode: true));
        yield return Case("squeeze-excite scale 144 128x128", 144, 128, x => x.Mul(x.AdaptiveAvgPool2d(1).Sigmoid()));
        yield return Case("group norm 32 of 128 136x136", 128, 136, x => new GroupNorm(w["m"], 32, 128).Forward(x).ReLU());
        yield return Case("position attention 64 16x16", 64, 16, x => x.Apply(new PositionAttentionOp(), x, x));
    }

    private static KernelCase Case(string name, int channels, int size, Func<Tensor, Tensor> layer) =>
        new(name, Graph.Record(new Shape(1, channels, size, size), layer));
}
