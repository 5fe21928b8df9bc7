namespace LungSeg.Engine.Ops;

/// <summary>The activations' names.</summary>
internal static class ActivationNames
{
    /// <summary>PyTorch's name of the function, such as <c>hardswish</c>; <c>none</c> for none.</summary>
    public static string TorchName(this Activation activation) => activation switch
    {
        Activation.None => "none",
        Activation.ReLU => "relu",
        Activation.SiLU => "silu",
        Activation.Sigmoid => "sigmoid",
        Activation.ReLU6 => "relu6",
        Activation.HardSigmoid => "hardsigmoid",
        Activation.HardSwish => "hardswish",
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "no such activation"),
    };
}
