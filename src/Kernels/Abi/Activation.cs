// Compiled into both: the engine's own type, whose namespace it has.
namespace LungSeg.Engine.Ops;

/// <summary>The activations of the nine networks; the engine and its GPU kernels know them by the same numbers.</summary>
public enum Activation
{
    /// <summary>x.</summary>
    None,

    /// <summary>max(x, 0).</summary>
    ReLU,

    /// <summary>x · sigmoid(x), also called swish.</summary>
    SiLU,

    /// <summary>1 / (1 + exp(−x)).</summary>
    Sigmoid,
}
