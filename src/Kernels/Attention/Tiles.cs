using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Attention;

/// <summary>Sums of 4 rows by 4 columns in registers.</summary>
internal struct Sums4x4
{
    public Float4 R0;
    public Float4 R1;
    public Float4 R2;
    public Float4 R3;

    public static Sums4x4 Zero()
    {
        Sums4x4 sums;
        sums.R0 = Float4.Splat(0);
        sums.R1 = Float4.Splat(0);
        sums.R2 = Float4.Splat(0);
        sums.R3 = Float4.Splat(0);
        return sums;
    }

    public readonly Sums4x4 PlusOuter(Float4 rows, Float4 columns)
    {
        Sums4x4 sums;
        sums.R0 = R0.PlusProduct(rows.X, columns);
        sums.R1 = R1.PlusProduct(rows.Y, columns);
        sums.R2 = R2.PlusProduct(rows.Z, columns);
        sums.R3 = R3.PlusProduct(rows.W, columns);
        return sums;
    }
}

/// <summary>Products of small tiles in shared memory, [k][32] each.</summary>
internal static class Tiles
{
    private const int Row = 32 * sizeof(float);

    /// <summary>Eight values to the rows of a tile, under each other.</summary>
    public static void StoreColumn(uint address, Float8 values)
    {
        Shared.Store(address, values.Low.X);
        Shared.Store(address + Row, values.Low.Y);
        Shared.Store(address + (2 * Row), values.Low.Z);
        Shared.Store(address + (3 * Row), values.Low.W);
        Shared.Store(address + (4 * Row), values.High.X);
        Shared.Store(address + (5 * Row), values.High.Y);
        Shared.Store(address + (6 * Row), values.High.Z);
        Shared.Store(address + (7 * Row), values.High.W);
    }

    /// <summary>Adds the products of 8 rows of both tiles: 4 values from <paramref name="a"/> on, 4 from <paramref name="b"/> on.</summary>
    public static Sums4x4 MultiplyAdd(Sums4x4 sums, uint a, uint b)
    {
        for (int k = 0; k < 8; k++) sums = sums.PlusOuter(Shared.LoadFloat4(a + (uint)(k * Row)), Shared.LoadFloat4(b + (uint)(k * Row)));
        return sums;
    }
}
