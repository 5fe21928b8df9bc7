namespace LungSeg.Engine.Tests.Backends;

/// <summary>
/// The arithmetic that a backend promises: the unit roundoff of its products, and a factor on how errors of a sum of L terms
/// grow, taken as <c>Growth · (√L + 1)</c> roundoffs of the sum of the terms' sizes. Transforms such as Winograd's ask for more.
/// </summary>
public sealed record Precision(double UnitRoundoff, double Growth)
{
    /// <summary>Float32 products and sums in any order.</summary>
    public static Precision Float32 { get; } = new(Math.ScaleB(1, -24), 2);

    /// <summary>What a sum of so many terms may be off, relative to the sum of their sizes.</summary>
    public double Sum(int terms) => UnitRoundoff * Growth * (Math.Sqrt(terms) + 1);
}
