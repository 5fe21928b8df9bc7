using CsCheck;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Tests.Backends;

/// <summary>Random networks on one map size: each step reads any earlier tensors, and any steps may be tapped.</summary>
internal static class NetCases
{
    private enum Kind { Conv1, Conv3, Depthwise, BatchNorm, ReLU, SiLU, Sigmoid, Add, Mul, Concat }

    private readonly record struct Step(Kind Kind, int First, int Second, int Channels);

    public static Gen<OpCase> Networks { get; } =
        from x in Gen.Select(Gen.Int[1, 2], Gen.Int[1, 19], Gen.Int[1, 9], Gen.Int[1, 15], (n, c, h, w) => new Shape(n, c, h, w))
        from steps in Gen.Select(Gen.Enum<Kind>(), Gen.Frequency((3, Gen.Const(0)), (1, Gen.Int[0, 9])), Gen.Int[0, 9], Gen.Int[1, 37],
            (kind, first, second, channels) => new Step(kind, first, second, channels)).Array[1, 14]
        from taps in Gen.Int[0, steps.Length - 1].Array[0, 3]
        from result in OpCases.Case(
            $"network {string.Join(" ", steps.Select(step => $"{step.Kind}({step.First},{step.Second},{step.Channels})"))}",
            x,
            (layers, input) => Build(layers, input, steps),
            [.. taps.Select(tap => $"step{tap}")])
        select result;

    private static Tensor Build(RandomLayers layers, Tensor input, Step[] steps)
    {
        List<Tensor> made = [input];
        for (int i = 0; i < steps.Length; i++)
        {
            Step step = steps[i];
            // Counted backwards: 0 is the step before, so that chains that can be fused are common.
            Tensor a = made[^(1 + (step.First % made.Count))], b = made[^(1 + (step.Second % made.Count))];
            string path = $"step{i}";
            made.Add(step.Kind switch
            {
                Kind.Conv1 => layers.Conv2d(a, path, step.Channels, 1),
                Kind.Conv3 => layers.Conv2d(a, path, step.Channels, 3, padding: 1, bias: false),
                Kind.Depthwise => layers.Conv2d(a, path, a.Shape.C, 3, padding: 1, groups: a.Shape.C),
                Kind.BatchNorm => layers.BatchNorm(a, path),
                Kind.ReLU => RandomLayers.Activate(a, Activation.ReLU, path),
                Kind.SiLU => RandomLayers.Activate(a, Activation.SiLU, path),
                Kind.Sigmoid => RandomLayers.Activate(a, Activation.Sigmoid, path),
                Kind.Add => RandomLayers.Tapped(a, path, new AddOp(), Match(layers, b, a, path)),
                Kind.Mul => RandomLayers.Tapped(a, path, new MulOp(), Match(layers, b, a, path)),
                _ => a.Shape.C + b.Shape.C <= 150 ? RandomLayers.Tapped(a, path, new ConcatOp(), b)
                    : layers.Conv2d(a, path, step.Channels, 1),
            });
        }
        // Every tensor counts: what the last step does not read, the output does.
        Tensor last = made[^1], spare = made[made.Count / 2];
        return ReferenceEquals(last, spare) ? last : Tensor.Cat(last, spare);
    }

    private static Tensor Match(RandomLayers layers, Tensor b, Tensor a, string path) =>
        b.Shape == a.Shape ? b : layers.Conv2d(b, $"{path}.match", a.Shape.C, 1);
}
