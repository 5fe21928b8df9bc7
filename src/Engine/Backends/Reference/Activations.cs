using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Reference;

/// <summary>The activations, element by element; y may be x.</summary>
internal static class Activations
{
    public static void Run(Activation function, Map x, Map y)
    {
        Func<float, float> f = Function(function);
        for (int i = 0; i < y.Values.Length; i++) y.Values[i] = f(x.Values[i]);
    }

    private static double HardSigmoid(double x) => Math.Min(Math.Max(x + 3, 0), 6) / 6;

    private static Func<float, float> Function(Activation function) => function switch
    {
        Activation.None => x => x,
        Activation.ReLU => x => MathF.Max(x, 0),
        Activation.SiLU => x => (float)(x / (1 + Math.Exp(-x))),
        Activation.Sigmoid => x => (float)(1 / (1 + Math.Exp(-x))),
        Activation.ReLU6 => x => MathF.Min(MathF.Max(x, 0), 6),
        Activation.HardSigmoid => x => (float)HardSigmoid(x),
        Activation.HardSwish => x => (float)(x * HardSigmoid(x)),
        _ => throw new DeviceException($"the reference backend has no activation '{function}'"),
    };
}
