using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Convolution;

/// <summary>The sizes of <see cref="MmaConv"/>. A warp computes 32 filters of 32 pixels, or of 64 if the tile is tall.</summary>
internal interface IMmaTile : ITensorTile
{
    /// <summary>Whether a warp computes 64 pixels.</summary>
    bool IsTall { get; }
}

internal readonly struct Mma128x128 : IMmaTile
{
    public int M => 128;

    public int N => 128;

    public int Threads => 256;

    public int RowBytes => 64;

    public bool IsTall => true;
}

internal readonly struct Mma128x64 : IMmaTile
{
    public int M => 128;

    public int N => 64;

    public int Threads => 128;

    public int RowBytes => 64;

    public bool IsTall => true;
}

internal readonly struct Mma128x32 : IMmaTile
{
    public int M => 128;

    public int N => 32;

    public int Threads => 128;

    public int RowBytes => 64;

    public bool IsTall => false;
}

internal readonly struct Mma64x64 : IMmaTile
{
    public int M => 64;

    public int N => 64;

    public int Threads => 128;

    public int RowBytes => 64;

    public bool IsTall => false;
}

internal readonly struct Mma64x32 : IMmaTile
{
    public int M => 64;

    public int N => 32;

    public int Threads => 64;

    public int RowBytes => 64;

    public bool IsTall => false;
}

/// <summary>A warp's sums of 16 pixels by 32 filters, 8 filters each.</summary>
internal struct MmaSums
{
    public Float4 F0;
    public Float4 F8;
    public Float4 F16;
    public Float4 F24;

    public static MmaSums Zero()
    {
        MmaSums sums;
        sums.F0 = Float4.Splat(0);
        sums.F8 = Float4.Splat(0);
        sums.F16 = Float4.Splat(0);
        sums.F24 = Float4.Splat(0);
        return sums;
    }

    /// <summary>This + 16 pixels times 32 filters, 32 bytes deep; b0 holds filters 0 to 15, b1 the others.</summary>
    public readonly MmaSums PlusProduct<TMath>(UInt4 a, UInt4 b0, UInt4 b1) where TMath : struct, IMmaMath
    {
        MmaSums sums;
        sums.F0 = default(TMath).MultiplyAdd(F0, a, b0.X, b0.Y);
        sums.F8 = default(TMath).MultiplyAdd(F8, a, b0.Z, b0.W);
        sums.F16 = default(TMath).MultiplyAdd(F16, a, b1.X, b1.Y);
        sums.F24 = default(TMath).MultiplyAdd(F24, a, b1.Z, b1.W);
        return sums;
    }
}

/// <summary>All of a warp's sums: 64 pixels by 32 filters, of which a tile that is not tall uses the first 32 pixels.</summary>
internal struct MmaWarpSums
{
    public MmaSums P0;
    public MmaSums P16;
    public MmaSums P32;
    public MmaSums P48;

    public static MmaWarpSums Zero()
    {
        MmaWarpSums sums;
        sums.P0 = MmaSums.Zero();
        sums.P16 = MmaSums.Zero();
        sums.P32 = MmaSums.Zero();
        sums.P48 = MmaSums.Zero();
        return sums;
    }
}
