using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Reference;

/// <summary>
/// The arithmetic that a backend promises: the unit roundoff of its sums, and a factor on how errors of a sum of L terms grow, taken as
/// <c>Growth · (√L + 1)</c> roundoffs of the sum of the terms' sizes. Filtering is what Winograd's transforms multiply the error of a
/// 3x3 convolution with (1: none are used); it then counts from the largest such sum of the channel's map, for a tile's roundings reach
/// all of its pixels. Operands is what rounding both factors of a product does to it at most; Storage what rounding a stored result does.
/// </summary>
internal sealed record Arithmetic(double UnitRoundoff, double Growth, double Filtering = 1, double Operands = 0, double Storage = 0)
{
    private static readonly double Half = Math.ScaleB(1, -11);

    /// <summary>Nothing is rounded otherwise than the reference does.</summary>
    public static Arithmetic Exact { get; } = new(0, 0);

    /// <summary>Float32 products and sums in any order.</summary>
    public static Arithmetic Float32 { get; } = new(Math.ScaleB(1, -24), 2);

    /// <summary>
    /// F(4x4, 3x3) at 0, ±1/√2, ±√2 and ∞: along an axis Σ |Aᵀ||G||Bᵀ| is at most 8.3 times direct filtering's 3 (F(3x3, 3x3)
    /// at 0, ±3/4, 3/2 and ∞: 6.5 times). Both axes together reach the square of that at worst only; one axis' worth is asked of every
    /// pixel.
    /// </summary>
    public static Arithmetic Winograd { get; } = Float32 with { Filtering = 8.3 };

    /// <summary>Products of factors with 10 bits, or as hardware may cut them instead of rounding.</summary>
    public static Arithmetic TensorFloat32 { get; } = Float32 with { Operands = 4 * Half };

    /// <summary>Products of halves, results stored as halves. Small ones lose bits besides, which <see cref="Subnormal"/> counts.</summary>
    public static Arithmetic Float16 { get; } = Float32 with { Operands = 2 * Half, Storage = Half };

    /// <summary>The absolute error that storing a small result can make.</summary>
    public double Subnormal => Storage > 0 ? Math.ScaleB(1, -25) : 0;

    /// <summary>What a device promises in a precision.</summary>
    public static Arithmetic Of(Precision precision) => precision switch
    {
        Precision.TensorFloat32 => TensorFloat32,
        Precision.Float16 => Float16,
        _ => Float32,
    };

    /// <summary>Whether Winograd's filtering may serve a convolution: 3x3, stride 1, at least 16 channels in and out.</summary>
    public bool Filters(Conv2dOp op) => Filtering > 1 && op is { R: 3, S: 3, Stride: 1 } && Math.Min(op.C, op.K) >= 16;

    /// <summary>What a sum of so many terms may be off, relative to the sum of their sizes.</summary>
    public double Sum(int terms) => UnitRoundoff * Growth * (Math.Sqrt(terms) + 1);

    /// <summary>The same for a sum of products.</summary>
    public double Products(int terms) => Operands + Sum(terms);
}
