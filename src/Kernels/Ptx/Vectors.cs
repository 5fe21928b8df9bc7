namespace LungSeg.Kernels.Ptx;

/// <summary>Four 32-bit registers: 16 bytes.</summary>
internal struct UInt4
{
    public uint X;
    public uint Y;
    public uint Z;
    public uint W;
}

/// <summary>Four float32 registers.</summary>
internal struct Float4
{
    public float X;
    public float Y;
    public float Z;
    public float W;

    public static Float4 Splat(float value)
    {
        Float4 result;
        result.X = value;
        result.Y = value;
        result.Z = value;
        result.W = value;
        return result;
    }

    public readonly Float4 Plus(Float4 other)
    {
        Float4 result;
        result.X = X + other.X;
        result.Y = Y + other.Y;
        result.Z = Z + other.Z;
        result.W = W + other.W;
        return result;
    }

    public readonly Float4 Times(Float4 other)
    {
        Float4 result;
        result.X = X * other.X;
        result.Y = Y * other.Y;
        result.Z = Z * other.Z;
        result.W = W * other.W;
        return result;
    }

    /// <summary>This + a · b; the assembler makes one multiply-add of each.</summary>
    public readonly Float4 PlusProduct(float a, Float4 b)
    {
        Float4 result;
        result.X = (a * b.X) + X;
        result.Y = (a * b.Y) + Y;
        result.Z = (a * b.Z) + Z;
        result.W = (a * b.W) + W;
        return result;
    }
}

/// <summary>Eight float32 registers: the channels that a thread works on at once.</summary>
internal struct Float8
{
    public Float4 Low;
    public Float4 High;

    public static Float8 Splat(float value)
    {
        Float8 result;
        result.Low = Float4.Splat(value);
        result.High = Float4.Splat(value);
        return result;
    }

    public readonly Float8 Plus(Float8 other)
    {
        Float8 result;
        result.Low = Low.Plus(other.Low);
        result.High = High.Plus(other.High);
        return result;
    }

    public readonly Float8 Times(Float8 other)
    {
        Float8 result;
        result.Low = Low.Times(other.Low);
        result.High = High.Times(other.High);
        return result;
    }

    /// <summary>This + a · b, element by element.</summary>
    public readonly Float8 PlusProduct(Float8 a, Float8 b)
    {
        Float8 result;
        result.Low.X = (a.Low.X * b.Low.X) + Low.X;
        result.Low.Y = (a.Low.Y * b.Low.Y) + Low.Y;
        result.Low.Z = (a.Low.Z * b.Low.Z) + Low.Z;
        result.Low.W = (a.Low.W * b.Low.W) + Low.W;
        result.High.X = (a.High.X * b.High.X) + High.X;
        result.High.Y = (a.High.Y * b.High.Y) + High.Y;
        result.High.Z = (a.High.Z * b.High.Z) + High.Z;
        result.High.W = (a.High.W * b.High.W) + High.W;
        return result;
    }

    /// <summary>The sum of the eight, in a fixed order.</summary>
    public readonly float Sum() => ((Low.X + Low.Y) + (Low.Z + Low.W)) + ((High.X + High.Y) + (High.Z + High.W));
}
