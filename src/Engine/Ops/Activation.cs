namespace LungSeg.Engine.Ops;

/// <summary>The activations of the nine networks.</summary>
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
