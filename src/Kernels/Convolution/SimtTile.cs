using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Convolution;

/// <summary>The sizes of <see cref="SimtConv"/>: a thread computes 8 pixels by 4 filters, or by 8 if the tile is wide.</summary>
internal interface ISimtTile
{
    /// <summary>Pixels of a block.</summary>
    int M { get; }

    /// <summary>Filters of a block.</summary>
    int N { get; }

    bool IsWide { get; }
}

internal readonly struct Simt128x128 : ISimtTile
{
    public int M => 128;

    public int N => 128;

    public bool IsWide => true;
}

internal readonly struct Simt128x64 : ISimtTile
{
    public int M => 128;

    public int N => 64;

    public bool IsWide => true;
}

internal readonly struct Simt64x64 : ISimtTile
{
    public int M => 64;

    public int N => 64;

    public bool IsWide => false;
}

internal readonly struct Simt64x32 : ISimtTile
{
    public int M => 64;

    public int N => 32;

    public bool IsWide => false;
}

/// <summary>Sums of 8 pixels by 4 filters in registers.</summary>
internal struct Sums8x4
{
    public Float4 R0;
    public Float4 R1;
    public Float4 R2;
    public Float4 R3;
    public Float4 R4;
    public Float4 R5;
    public Float4 R6;
    public Float4 R7;

    public static Sums8x4 Zero()
    {
        Sums8x4 sums;
        sums.R0 = Float4.Splat(0);
        sums.R1 = Float4.Splat(0);
        sums.R2 = Float4.Splat(0);
        sums.R3 = Float4.Splat(0);
        sums.R4 = Float4.Splat(0);
        sums.R5 = Float4.Splat(0);
        sums.R6 = Float4.Splat(0);
        sums.R7 = Float4.Splat(0);
        return sums;
    }

    /// <summary>This + the outer product of 8 pixels' values and 4 filters' weights.</summary>
    public readonly Sums8x4 PlusOuter(Float8 pixels, Float4 filters)
    {
        Sums8x4 sums;
        sums.R0 = R0.PlusProduct(pixels.Low.X, filters);
        sums.R1 = R1.PlusProduct(pixels.Low.Y, filters);
        sums.R2 = R2.PlusProduct(pixels.Low.Z, filters);
        sums.R3 = R3.PlusProduct(pixels.Low.W, filters);
        sums.R4 = R4.PlusProduct(pixels.High.X, filters);
        sums.R5 = R5.PlusProduct(pixels.High.Y, filters);
        sums.R6 = R6.PlusProduct(pixels.High.Z, filters);
        sums.R7 = R7.PlusProduct(pixels.High.W, filters);
        return sums;
    }
}

/// <summary>All of a thread's sums: 8 pixels by 4 filters, and, if the tile is wide, as many half a tile of filters on.</summary>
internal struct SimtSums
{
    public Sums8x4 Left;
    public Sums8x4 Right;

    public static SimtSums Zero()
    {
        SimtSums sums;
        sums.Left = Sums8x4.Zero();
        sums.Right = Sums8x4.Zero();
        return sums;
    }

    /// <summary>
    /// This + row k of a step, whose first pixels and filters of the thread lie at the addresses: 8 pixels, 4 and 4 half a tile on,
    /// by 4 filters, or by 8, the second 4 half a tile on.
    /// </summary>
    public readonly SimtSums PlusRow<T>(uint pixels, uint filters, int k) where T : struct, ISimtTile
    {
        int m = default(T).M, n = default(T).N;
        uint a = pixels + (uint)(k * m * sizeof(float)), b = filters + (uint)(k * n * sizeof(float));
        Float8 values;
        values.Low = Shared.LoadFloat4(a);
        values.High = Shared.LoadFloat4(a + (uint)(m * 2));
        SimtSums sums;
        sums.Left = Left.PlusOuter(values, Shared.LoadFloat4(b));
        sums.Right = default(T).IsWide ? Right.PlusOuter(values, Shared.LoadFloat4(b + (uint)(n * 2))) : Right;
        return sums;
    }
}
