using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Convolution;

/// <summary>One row of a depthwise window over a strip: where its input columns and its taps lie.</summary>
internal readonly struct DepthwiseLine<T> where T : struct, IStorage
{
    private readonly long _line;
    private readonly int _left;
    private readonly long _taps;
    private readonly long _tapBytes;

    public DepthwiseLine(long line, int left, long taps, long tapBytes)
    {
        _line = line;
        _left = left;
        _taps = taps;
        _tapBytes = tapBytes;
    }

    /// <summary>Adds the taps residue, residue + stride, … of a window of a known size.</summary>
    public Strip Residue<TWindow>(DepthwiseParameters p, Strip sums, int residue) where TWindow : struct, IWindow
    {
        int size = default(TWindow).Size, stride = default(TWindow).Stride;
        Strip seen = First(p, residue);
        sums = sums.PlusProduct(seen, Tap(residue));
        if (residue + stride < size)
        {
            seen = seen.Moved(Column(p, residue + (4 * stride)));
            sums = sums.PlusProduct(seen, Tap(residue + stride));
        }
        if (residue + (2 * stride) < size)
        {
            seen = seen.Moved(Column(p, residue + (5 * stride)));
            sums = sums.PlusProduct(seen, Tap(residue + (2 * stride)));
        }
        if (residue + (3 * stride) < size)
        {
            seen = seen.Moved(Column(p, residue + (6 * stride)));
            sums = sums.PlusProduct(seen, Tap(residue + (3 * stride)));
        }
        if (residue + (4 * stride) < size)
        {
            seen = seen.Moved(Column(p, residue + (7 * stride)));
            sums = sums.PlusProduct(seen, Tap(residue + (4 * stride)));
        }
        return sums;
    }

    /// <summary>The same for a window of any size.</summary>
    public Strip AnyResidue(DepthwiseParameters p, Strip sums, int residue, int size)
    {
        Strip seen = First(p, residue);
        for (int s = residue; s < size; s += p.Window.Stride)
        {
            sums = sums.PlusProduct(seen, Tap(s));
            seen = seen.Moved(Column(p, s + (4 * p.Window.Stride)));
        }
        return sums;
    }

    private Strip First(DepthwiseParameters p, int residue)
    {
        Strip seen;
        seen.P0 = Column(p, residue);
        seen.P1 = Column(p, residue + p.Window.Stride);
        seen.P2 = Column(p, residue + (2 * p.Window.Stride));
        seen.P3 = Column(p, residue + (3 * p.Window.Stride));
        return seen;
    }

    /// <summary>The column so many dilations from the strip's first window's left border.</summary>
    private Float8 Column(DepthwiseParameters p, int index)
    {
        int x = _left + (index * p.Window.Dilation);
        return default(T).LoadOrZero(_line + (x * (p.Input.PixelStride * (long)default(T).Size)), (uint)x < (uint)p.Input.Width);
    }

    private Float8 Tap(int s) => default(T).Load(_taps + (s * _tapBytes));
}

/// <summary>8 channels of 4 pixels.</summary>
internal struct Strip
{
    public Float8 P0;
    public Float8 P1;
    public Float8 P2;
    public Float8 P3;

    public static Strip Of(Float8 all)
    {
        Strip strip;
        strip.P0 = all;
        strip.P1 = all;
        strip.P2 = all;
        strip.P3 = all;
        return strip;
    }

    public readonly Strip PlusProduct(Strip inputs, Float8 weights)
    {
        Strip strip;
        strip.P0 = P0.PlusProduct(inputs.P0, weights);
        strip.P1 = P1.PlusProduct(inputs.P1, weights);
        strip.P2 = P2.PlusProduct(inputs.P2, weights);
        strip.P3 = P3.PlusProduct(inputs.P3, weights);
        return strip;
    }

    /// <summary>The pixels after the first, and another.</summary>
    public readonly Strip Moved(Float8 last)
    {
        Strip strip;
        strip.P0 = P1;
        strip.P1 = P2;
        strip.P2 = P3;
        strip.P3 = last;
        return strip;
    }
}
