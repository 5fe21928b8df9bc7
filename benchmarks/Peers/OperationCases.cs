using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Benchmarks.Peers;

/// <summary>Every operation by itself, at odd sizes and with every parameter that matters.</summary>
internal static class OperationCases
{
    public static IEnumerable<(string Name, Graph Graph)> All()
    {
        var w = new WeightScope(new SyntheticWeights("operations/"));
        yield return Case("conv", x => new Conv2d(w["a"], 6, 5, 3).Forward(x));
        yield return Case("conv, asymmetric padding", x => new Conv2d(w["b"], 6, 4, 3, stride: 2, padding: new Padding(0, 1, 2, 3)).Forward(x));
        yield return Case("conv, groups and dilation", x => new Conv2d(w["c"], 6, 9, 3, padding: 2, dilation: 2, groups: 3, bias: false).Forward(x));
        yield return Case("transposed conv", x => new ConvTranspose2d(w["d"], 6, 5, 4, stride: 2, padding: 1).Forward(x));
        yield return Case("batch norm", x => new BatchNorm2d(w["e"], 6, eps: 1e-3f).Forward(x));
        yield return Case("conv, batch norm, relu", x =>
            new BatchNorm2d(w["g"], 5).Forward(new Conv2d(w["f"], 6, 5, 3, bias: false).Forward(x)).ReLU());
        yield return Case("transposed conv, batch norm, silu", x =>
            new BatchNorm2d(w["i"], 5).Forward(new ConvTranspose2d(w["h"], 6, 5, 4, stride: 2, padding: 1).Forward(x)).SiLU());
        yield return Case("conv, residual, relu", x => new Conv2d(w["j"], 6, 6, 3, padding: 1).Forward(x).Add(x).ReLU());
        yield return Case("group norm", x => new GroupNorm(w["k"], 3, 6).Forward(x));
        yield return Case("relu", x => x.ReLU());
        yield return Case("silu", x => x.SiLU());
        yield return Case("sigmoid", x => x.Sigmoid());
        yield return Case("max pool", x => x.MaxPool2d(3, 2, 1));
        yield return Case("max pool, ceil mode", x => x.MaxPool2d(3, 2, ceilMode: true));
        yield return Case("max pool, ceil mode, window in the padding", x => x.MaxPool2d(2, 2, 1, ceilMode: true));
        yield return Case("global average", x => x.AdaptiveAvgPool2d(1));
        yield return Case("adaptive average, divisible", x => x.AdaptiveAvgPool2d(3), height: 12, width: 15);
        yield return Case("adaptive average, overlapping bins", x => x.AdaptiveAvgPool2d(6));
        yield return Case("nearest", x => x.UpsampleNearest(2));
        yield return Case("bilinear, aligned corners", x => x.UpsampleBilinear(4, alignCorners: true));
        yield return Case("bilinear, pixel centres", x => x.UpsampleBilinear(2, alignCorners: false));
        yield return Case("bilinear to another map's size", x =>
            x.MaxPool2d(3, 2).UpsampleBilinear(x, alignCorners: false).Add(x.MaxPool2d(3, 2).UpsampleBilinear(x, alignCorners: true)));
        yield return Case("bilinear from one pixel", x => x.AdaptiveAvgPool2d(1).UpsampleBilinear(x, alignCorners: true));
        yield return Case("cat", x => Tensor.Cat(x, x.ReLU(), x.Sigmoid()));
        yield return Case("add, spread", x => x.Add(x.AdaptiveAvgPool2d(1)));
        yield return Case("mul, spread over the map", x => x.Mul(x.AdaptiveAvgPool2d(1).Sigmoid()));
        yield return Case("mul, spread over channels", x => x.Mul(new Conv2d(w["l"], 6, 1, 1).Forward(x)));
        yield return Case("position attention", x =>
            new Conv2d(w["m"], 6, 4, 1).Forward(x).Apply(new PositionAttentionOp(), new Conv2d(w["n"], 6, 4, 1).Forward(x), x));
    }

    private static (string, Graph) Case(string name, Func<Tensor, Tensor> network, int height = 13, int width = 17) =>
        (name, Graph.Record(new Shape(2, 6, height, width), network));
}
