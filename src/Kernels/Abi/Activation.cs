// Compiled into both: the engine's own type, whose namespace it has.
namespace LungSeg.Engine.Ops;

/// <summary>The activations of the networks; the engine and its GPU kernels know them by the same numbers.</summary>
internal enum Activation
{
    /// <summary>x.</summary>
    None,

    /// <summary>max(x, 0).</summary>
    ReLU,

    /// <summary>x · sigmoid(x), also called swish.</summary>
    SiLU,

    /// <summary>1 / (1 + exp(−x)).</summary>
    Sigmoid,

    /// <summary>min(max(x, 0), 6).</summary>
    ReLU6,

    /// <summary>min(max(x + 3, 0), 6) / 6.</summary>
    HardSigmoid,

    /// <summary>x · min(max(x + 3, 0), 6) / 6.</summary>
    HardSwish,
}
