using ILGPU;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Convolution;

/// <summary>What the tensor cores multiply: 32 bytes of the reduction at a time, whatever they hold.</summary>
internal interface IMmaMath
{
    /// <summary>sums + a · b for 16 pixels by 8 filters.</summary>
    Float4 MultiplyAdd(Float4 sums, UInt4 a, uint b0, uint b1);

    /// <summary>A fragment of the input as the cores want it.</summary>
    UInt4 Prepare(UInt4 a);

    /// <summary>A fragment of the input times the gates of its first and second 16 bytes' channels, prepared.</summary>
    UInt4 PrepareGated(UInt4 a, uint first, uint second);
}

/// <summary>Halves; a gated input is rounded to a half.</summary>
internal readonly struct HalfMath : IMmaMath
{
    public Float4 MultiplyAdd(Float4 sums, UInt4 a, uint b0, uint b1) => Mma.Halves(sums, a, b0, b1);

    public UInt4 Prepare(UInt4 a) => a;

    public UInt4 PrepareGated(UInt4 a, uint first, uint second)
    {
        a.X = Half2.Multiply(a.X, first);
        a.Y = Half2.Multiply(a.Y, first);
        a.Z = Half2.Multiply(a.Z, second);
        a.W = Half2.Multiply(a.W, second);
        return a;
    }
}

/// <summary>float32, rounded to tf32 on the way to the cores; the host has rounded the weights.</summary>
internal readonly struct Tf32Math : IMmaMath
{
    public Float4 MultiplyAdd(Float4 sums, UInt4 a, uint b0, uint b1) => Mma.Tf32(sums, a, b0, b1);

    public UInt4 Prepare(UInt4 a)
    {
        a.X = Mma.RoundToTf32(a.X);
        a.Y = Mma.RoundToTf32(a.Y);
        a.Z = Mma.RoundToTf32(a.Z);
        a.W = Mma.RoundToTf32(a.W);
        return a;
    }

    public UInt4 PrepareGated(UInt4 a, uint first, uint second)
    {
        a.X = Multiply(a.X, first);
        a.Y = Multiply(a.Y, first);
        a.Z = Multiply(a.Z, second);
        a.W = Multiply(a.W, second);
        return Prepare(a);
    }

    private static uint Multiply(uint a, uint b) => Interop.FloatAsInt(Interop.IntAsFloat(a) * Interop.IntAsFloat(b));
}

/// <summary>Whether the input is multiplied by a gate on the way.</summary>
internal interface IGate
{
    bool Exists { get; }
}

internal readonly struct NoGate : IGate
{
    public bool Exists => false;
}

internal readonly struct Gated : IGate
{
    public bool Exists => true;
}
