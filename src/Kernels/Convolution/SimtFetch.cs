using ILGPU;
using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Convolution;

/// <summary>What one thread of <see cref="SimtConv"/> brings to shared memory for each step.</summary>
internal readonly struct SimtFetch<T> where T : struct, ISimtTile
{
    private readonly ConvWindow _window;
    private readonly int _element;
    private readonly int _weight;
    private readonly bool _hasFilters;

    public SimtFetch(ConvParameters p, ConvBlock block)
    {
        int m = default(T).M, perRow = default(T).N / 4, thread = Group.IdxX, k = thread / perRow,
            filter = block.Filter + ((thread - (k * perRow)) * 4);
        _window = ConvWindow.Of(p, block, block.Pixel + (thread % m), sizeof(float));
        _element = thread / m * 4;
        int stored = IntMath.RoundUp8(p.Filters);
        _hasFilters = filter < stored;
        _weight = (block.Phase * p.PhaseWeights) + (((block.Group * p.Steps * SimtConv.K) + k) * stored) + filter;
    }

    /// <summary>Whether there are as many threads as pixels, so that each fetches all 8 elements of one.</summary>
    private static bool HasWholePixel => SimtConv.Threads<T>() == default(T).M;

    /// <summary>The thread's 4 or 8 elements of a pixel.</summary>
    public Float8 LoadPixel(ConvParameters p, int step)
    {
        // Channels are a multiple of 8, so that all 8 elements of a step belong to one tap.
        ConvTap tap = ConvTap.Of(p, step * SimtConv.K);
        tap.Offset += _element;
        bool seen = _window.Sees(p, tap);
        long address = _window.Address(tap, sizeof(float));
        Float8 result = Float8.Splat(0);
        result.Low = Global.LoadFloat4OrZero(address, seen);
        if (HasWholePixel) result.High = Global.LoadFloat4OrZero(address + 16, seen);
        return result;
    }

    /// <summary>The thread's 4 filters.</summary>
    public Float4 LoadFilters(ConvParameters p, int step) => Global.LoadFloat4OrZero(
        p.Weights + ((_weight + (step * SimtConv.K * IntMath.RoundUp8(p.Filters))) * (long)sizeof(float)), _hasFilters);

    public static void Store(uint step, Float8 pixel)
    {
        int m = default(T).M, thread = Group.IdxX;
        uint place = step + (uint)(((thread / m * 4 * m) + (thread % m)) * sizeof(float));
        StoreColumn(place, pixel.Low);
        if (HasWholePixel) StoreColumn(place + (uint)(4 * m * sizeof(float)), pixel.High);
    }

    public static void Store(uint step, Float4 filters) =>
        Shared.Store(step + (uint)((SimtConv.K * default(T).M * sizeof(float)) + (Group.IdxX * 16)), filters);

    private static void StoreColumn(uint address, Float4 values)
    {
        uint row = (uint)(default(T).M * sizeof(float));
        Shared.Store(address, values.X);
        Shared.Store(address + row, values.Y);
        Shared.Store(address + (2 * row), values.Z);
        Shared.Store(address + (3 * row), values.W);
    }
}
