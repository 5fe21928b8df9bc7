using LungSeg.Engine;

namespace LungSeg.Cli.Verification;

/// <summary>What a network's output may be off in a precision, as tests/data/golden/README.md has it.</summary>
/// <param name="Max">The largest absolute error.</param>
/// <param name="Mean">The mean absolute error.</param>
internal sealed record PrecisionBounds(double Max, double Mean)
{
    public static PrecisionBounds Of(string network, Precision precision) => precision switch
    {
        Precision.Float32 => new(1e-4, 1e-4),
        // Their deep encoders amplify rounding; PyTorch's own half precision is as far off.
        _ when network is "unet" or "linknet" => new(1e-1, 1e-2),
        _ => new(2e-2, 2e-3),
    };

    public bool Allow(TensorError error) => error.Max <= Max && error.Mean <= Mean;
}
