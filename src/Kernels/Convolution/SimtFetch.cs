using ILGPU;
using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Convolution;

/// <summary>What one thread of <see cref="SimtConv"/> brings to shared memory for each step.</summary>
internal readonly struct SimtFetch<T> where T : struct, ISimtTile
{
    private readonly ConvWindow _window;
    private readonly int _element;
    private readonly long _weights;
    private readonly int _rowBytes;
    private readonly bool _hasFilters;

    public SimtFetch(ConvParameters p, ConvBlock block)
    {
        int m = default(T).M, perRow = default(T).N / 4, thread = Group.IdxX, k = thread / perRow, filter = block.Filter + ((thread - (k * perRow)) * 4);
        _window = ConvWindow.Of(p, block, block.Pixel + (thread % m), sizeof(float));
        _element = thread / m * 4;
        int stored = IntMath.RoundUp8(p.Filters), depth = p.Steps * SimtConv.K;
        _rowBytes = stored * SimtConv.K * sizeof(float);
        _hasFilters = filter < stored;
        _weights = p.Weights + ((((long)block.Phase * p.PhaseWeights) + ((((long)block.Group * depth) + k) * stored) + filter) * sizeof(float));
    }

    public SimtStep<T> Load(ConvParameters p, int step)
    {
        // Channels are a multiple of 8, so that all 8 elements of a step belong to one tap.
        ConvTap tap = ConvTap.Of(p, step * SimtConv.K);
        tap.Channel += _element;
        bool seen = _window.Sees(p, tap);
        long address = _window.Address(p, tap, sizeof(float));
        SimtStep<T> result = default;
        result.Pixel = Global.LoadFloat4OrZero(address, seen);
        if (SimtStep<T>.HasWholePixel) result.PixelEnd = Global.LoadFloat4OrZero(address + 16, seen);
        result.Filters = Global.LoadFloat4OrZero(_weights + (step * (long)_rowBytes), _hasFilters);
        return result;
    }
}

/// <summary>A thread's part of a step on its way to shared memory.</summary>
internal struct SimtStep<T> where T : struct, ISimtTile
{
    public Float4 Pixel;
    public Float4 PixelEnd;
    public Float4 Filters;

    /// <summary>Whether there are as many threads as pixels, so that each fetches all 8 elements of one.</summary>
    public static bool HasWholePixel => SimtConv.Threads<T>() == default(T).M;

    public readonly void Store(uint step)
    {
        int m = default(T).M, thread = Group.IdxX;
        uint pixel = step + (uint)(((thread / m * 4 * m) + (thread % m)) * sizeof(float));
        Store(pixel, Pixel);
        if (HasWholePixel) Store(pixel + (uint)(4 * m * sizeof(float)), PixelEnd);
        Shared.Store(step + (uint)((SimtConv.K * m * sizeof(float)) + (thread * 16)), Filters);
    }

    private static void Store(uint address, Float4 values)
    {
        uint row = (uint)(default(T).M * sizeof(float));
        Shared.Store(address, values.X);
        Shared.Store(address + row, values.Y);
        Shared.Store(address + (2 * row), values.Z);
        Shared.Store(address + (3 * row), values.W);
    }
}
