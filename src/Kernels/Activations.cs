using LungSeg.Engine.Ops;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels;

/// <summary>Activations. All threads of a launch take the same branch.</summary>
internal static class Activations
{
    private const float Log2E = 1.44269504f;

    public static Float8 Apply(Float8 x, Activation function)
    {
        Float8 result;
        result.Low = Apply(x.Low, function);
        result.High = Apply(x.High, function);
        return result;
    }

    public static Float4 Apply(Float4 x, Activation function)
    {
        if (function == Activation.ReLU)
        {
            x.X = Rectify(x.X);
            x.Y = Rectify(x.Y);
            x.Z = Rectify(x.Z);
            x.W = Rectify(x.W);
        }
        else if (function == Activation.SiLU)
        {
            x.X *= Logistic(x.X);
            x.Y *= Logistic(x.Y);
            x.Z *= Logistic(x.Z);
            x.W *= Logistic(x.W);
        }
        else if (function == Activation.Sigmoid)
        {
            x.X = Logistic(x.X);
            x.Y = Logistic(x.Y);
            x.Z = Logistic(x.Z);
            x.W = Logistic(x.W);
        }
        else if (function == Activation.ReLU6)
        {
            x.X = UpToSix(x.X);
            x.Y = UpToSix(x.Y);
            x.Z = UpToSix(x.Z);
            x.W = UpToSix(x.W);
        }
        else if (function == Activation.HardSigmoid)
        {
            x.X = HardSigmoid(x.X);
            x.Y = HardSigmoid(x.Y);
            x.Z = HardSigmoid(x.Z);
            x.W = HardSigmoid(x.W);
        }
        else if (function == Activation.HardSwish)
        {
            x.X *= HardSigmoid(x.X);
            x.Y *= HardSigmoid(x.Y);
            x.Z *= HardSigmoid(x.Z);
            x.W *= HardSigmoid(x.W);
        }
        return x;
    }

    public static float Apply(float x, Activation function)
    {
        if (function == Activation.ReLU) return Rectify(x);
        if (function == Activation.SiLU) return x * Logistic(x);
        if (function == Activation.Sigmoid) return Logistic(x);
        if (function == Activation.ReLU6) return UpToSix(x);
        if (function == Activation.HardSigmoid) return HardSigmoid(x);
        return function == Activation.HardSwish ? x * HardSigmoid(x) : x;
    }

    // Not a maximum: that would turn not-a-number into 0.
    private static float Rectify(float x) => x < 0f ? 0f : x;

    private static float UpToSix(float x) => x > 6f ? 6f : Rectify(x);

    private static float HardSigmoid(float x) => UpToSix(x + 3f) * (1f / 6f);

    private static float Logistic(float x) => Scalar.Reciprocal(1f + Scalar.Exp2(-Log2E * x));
}
