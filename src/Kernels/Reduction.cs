using ILGPU;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels;

/// <summary>
/// Sums and maxima over threads, always in the same order. (ILGPU.Algorithms' group reductions add floats atomically, in whatever
/// order they come.)
/// </summary>
internal static class Reduction
{
    /// <summary>The sum over a warp's lanes, known to all.</summary>
    public static float WarpSum(float value)
    {
        for (int distance = Warp.WarpSize / 2; distance > 0; distance /= 2) value += Warp.ShuffleXor(value, distance);
        return value;
    }

    /// <summary>The sum over so many neighbouring lanes of a warp, a power of two, known to them.</summary>
    public static float LaneSum(float value, int lanes)
    {
        for (int distance = lanes / 2; distance > 0; distance /= 2) value += Warp.ShuffleXor(value, distance);
        return value;
    }

    /// <summary>The greatest over a warp's lanes, known to all; not-a-number wins.</summary>
    public static float WarpMax(float value)
    {
        for (int distance = Warp.WarpSize / 2; distance > 0; distance /= 2) value = Greater(value, Warp.ShuffleXor(value, distance));
        return value;
    }

    public static float Greater(float a, float b) => b > a || float.IsNaN(b) ? b : a;
}

/// <summary>
/// A block's threads over vectors of channels and over pixels: a power of two, at most 8, of neighbouring vectors for neighbouring
/// threads, and as many pixels at once as there are threads left.
/// </summary>
internal readonly struct ChannelReduction
{
    /// <summary>Threads of a block that works so.</summary>
    public const int Threads = 256;

    /// <summary>Shared memory that it needs: 8 floats for each vector and warp.</summary>
    public const int SharedBytes = Threads / 32 * MaxVectors * 32;

    private const int MaxVectors = 8;
    private readonly int _vectors;

    /// <summary>For a map of so many vectors of channels; grid x counts their blocks of 8.</summary>
    public ChannelReduction(int vectors)
    {
        int width = 1;
        while (width < MaxVectors && width < vectors) width *= 2;
        _vectors = width;
        int pixel = Group.IdxX / width;
        Pixel = pixel;
        Vector = Group.IdxX - (pixel * width) + (Grid.IdxX * MaxVectors);
        Exists = Vector < vectors;
    }

    /// <summary>This thread's vector of channels.</summary>
    public int Vector { get; }

    /// <summary>This thread's first pixel.</summary>
    public int Pixel { get; }

    /// <summary>Pixels from this thread's one to its next.</summary>
    public int PixelStep => Threads / _vectors;

    /// <summary>Whether there is such a vector; threads without one take part in sums all the same.</summary>
    public bool Exists { get; }

    /// <summary>The sum over all pixels' threads, known to all of them. The whole block must call it.</summary>
    public Float8 Sum(Float8 value)
    {
        for (int distance = Warp.WarpSize / 2; distance >= _vectors; distance /= 2) value = value.Plus(ShuffleXor(value, distance));
        uint shared = Shared.Base();
        int own = Group.IdxX % _vectors;
        if (Warp.LaneIdx < _vectors)
        {
            uint place = shared + (uint)((((Group.IdxX / Warp.WarpSize) * MaxVectors) + own) * 32);
            Shared.Store(place, value.Low);
            Shared.Store(place + 16, value.High);
        }
        Group.Barrier();
        Float8 sum = Float8.Splat(0);
        for (int warp = 0; warp < Threads / 32; warp++)
        {
            uint place = shared + (uint)(((warp * MaxVectors) + own) * 32);
            Float8 part;
            part.Low = Shared.LoadFloat4(place);
            part.High = Shared.LoadFloat4(place + 16);
            sum = sum.Plus(part);
        }
        // The next sum uses the same memory.
        Group.Barrier();
        return sum;
    }

    private static Float8 ShuffleXor(Float8 value, int distance)
    {
        Float8 result;
        result.Low.X = Warp.ShuffleXor(value.Low.X, distance);
        result.Low.Y = Warp.ShuffleXor(value.Low.Y, distance);
        result.Low.Z = Warp.ShuffleXor(value.Low.Z, distance);
        result.Low.W = Warp.ShuffleXor(value.Low.W, distance);
        result.High.X = Warp.ShuffleXor(value.High.X, distance);
        result.High.Y = Warp.ShuffleXor(value.High.Y, distance);
        result.High.Z = Warp.ShuffleXor(value.High.Z, distance);
        result.High.W = Warp.ShuffleXor(value.High.W, distance);
        return result;
    }
}
