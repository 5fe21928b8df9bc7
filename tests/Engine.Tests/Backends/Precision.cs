namespace LungSeg.Engine.Tests.Backends;

/// <summary>
/// The arithmetic that a backend promises: the unit roundoff of its products, and a factor on how errors of a sum of L terms
/// grow, taken as <c>Growth · (√L + 1)</c> roundoffs of the sum of the terms' sizes. Filtering is what Winograd's transforms multiply
/// the error of a 3x3 convolution with (1: none are used); it then counts from the largest such sum of the channel's map, for
/// a tile's roundings reach all of its pixels.
/// </summary>
public sealed record Precision(double UnitRoundoff, double Growth, double Filtering = 1)
{
    /// <summary>Float32 products and sums in any order.</summary>
    public static Precision Float32 { get; } = new(Math.ScaleB(1, -24), 2);

    /// <summary>
    /// F(4x4, 3x3) at 0, ±1/√2, ±√2 and ∞: along an axis Σ |Aᵀ||G||Bᵀ| is at most 8.3 times direct filtering's 3. Both axes
    /// together reach the square of that at worst only; one axis' worth is asked of every pixel.
    /// </summary>
    public static Precision Winograd { get; } = Float32 with { Filtering = 8.3 };

    /// <summary>What a sum of so many terms may be off, relative to the sum of their sizes.</summary>
    public double Sum(int terms) => UnitRoundoff * Growth * (Math.Sqrt(terms) + 1);
}
