using ILGPU;
using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Image;

/// <summary>
/// An image's samples to the network's input: resized as LungSeg.Imaging does it on the CPU, bit for bit, then normalised. A
/// thread makes one pixel of all three planes.
/// </summary>
internal static class Preprocess
{
    /// <summary>8 bits: OpenCV's integers.</summary>
    public static void Bytes(PreprocessParameters p)
    {
        int index = (Grid.IdxX * Group.DimX) + Group.IdxX, y = index / p.Width, x = index - (y * p.Width);
        if (y >= p.Height) return;
        var position = new SourcePosition(p, x, y);
        for (int plane = 0; plane < 3; plane++)
        {
            int channel = SourceChannel(p, plane);
            int a = (int)Global.LoadByte(position.Sample(p, false, false, channel, 1)),
                b = (int)Global.LoadByte(position.Sample(p, false, true, channel, 1));
            int c = (int)Global.LoadByte(position.Sample(p, true, false, channel, 1)),
                d = (int)Global.LoadByte(position.Sample(p, true, true, channel, 1));
            int value;
            if (p.Halve != 0)
            {
                value = (a + b + c + d + 2) >> 2;
            }
            else
            {
                int across = Global.LoadInt(p.ColumnWeights + (x * 8L) + 4);
                int first = (a * 2048) + ((b - a) * across), second = (c * 2048) + ((d - c) * across);
                int up = Global.LoadInt(p.RowWeights + (y * 8L)), down = Global.LoadInt(p.RowWeights + (y * 8L) + 4);
                value = ((((first >> 4) * up) >> 16) + (((second >> 4) * down) >> 16) + 2) >> 2;
            }
            Store(p, plane, index, Scalar.DivideExactly(value, p.MaxValue));
        }
    }

    /// <summary>16 bits: single precision, each operation rounded by itself.</summary>
    public static void Words(PreprocessParameters p)
    {
        int index = (Grid.IdxX * Group.DimX) + Group.IdxX, y = index / p.Width, x = index - (y * p.Width);
        if (y >= p.Height) return;
        var position = new SourcePosition(p, x, y);
        float across = Global.LoadFloat(p.ColumnWeights + (x * 4L)), down = Global.LoadFloat(p.RowWeights + (y * 4L));
        for (int plane = 0; plane < 3; plane++)
        {
            int channel = SourceChannel(p, plane);
            float upper = Interpolation.Blend(Unit(p, position, false, false, channel), Unit(p, position, false, true, channel), across);
            float lower = Interpolation.Blend(Unit(p, position, true, false, channel), Unit(p, position, true, true, channel), across);
            Store(p, plane, index, Interpolation.Blend(upper, lower, down));
        }
    }

    private static float Unit(PreprocessParameters p, SourcePosition position, bool lower, bool right, int channel) =>
        Scalar.DivideExactly(Global.LoadUInt16(position.Sample(p, lower, right, channel, 2)), p.MaxValue);

    private static int SourceChannel(PreprocessParameters p, int plane) =>
        p.SourceChannels == 1 ? 0 : p.ReverseChannels != 0 ? 2 - plane : plane;

    private static void Store(PreprocessParameters p, int plane, int index, float unit)
    {
        float mean = plane == 0 ? p.Mean0 : plane == 1 ? p.Mean1 : p.Mean2, std = plane == 0 ? p.Std0 : plane == 1 ? p.Std1 : p.Std2;
        Global.Store(p.Output + ((((long)plane * p.Height * p.Width) + index) * sizeof(float)),
            Scalar.DivideExactly(Scalar.AddExactly(unit, -mean), std));
    }
}

/// <summary>The four source pixels of an output pixel, from the host's tables.</summary>
internal readonly struct SourcePosition
{
    private readonly int _left;
    private readonly int _right;
    private readonly int _upper;
    private readonly int _lower;

    public SourcePosition(PreprocessParameters p, int x, int y)
    {
        _left = Global.LoadInt(p.ColumnBefore + (x * 4L));
        _right = Global.LoadInt(p.ColumnAfter + (x * 4L));
        _upper = Global.LoadInt(p.RowBefore + (y * 4L));
        _lower = Global.LoadInt(p.RowAfter + (y * 4L));
    }

    public long Sample(PreprocessParameters p, bool lower, bool right, int channel, int size) =>
        p.Samples + (((((((long)(lower ? _lower : _upper)) * p.SourceWidth) + (right ? _right : _left)) * p.SourceChannels) + channel)
            * size);
}
