using System.Runtime.CompilerServices;
using JpegLibrary;

namespace LungSeg.Imaging.Codecs;

/// <summary>
/// Collects the blocks of each component. The library repeats subsampled chroma to full size; the repeats are dropped again, and
/// chroma is interpolated as libjpeg does ("fancy upsampling": weights 3/4 and 1/4, rounded up and down in turns).
/// </summary>
internal sealed class JpegPlanes : JpegBlockOutputWriter
{
    private readonly int _width, _height, _max;
    private readonly (ushort[] Samples, int Width, int Height, int Dx, int Dy)[] _planes;

    public JpegPlanes(JpegStructure jpeg)
    {
        (_width, _height, _max) = (jpeg.Width, jpeg.Height, (1 << jpeg.Precision) - 1);
        int h = jpeg.Components.Max(c => c.Horizontal), v = jpeg.Components.Max(c => c.Vertical);
        _planes = Array.ConvertAll(jpeg.Components, c =>
        {
            (int dx, int dy) = (h / c.Horizontal, v / c.Vertical);
            (int width, int height) = ((_width + dx - 1) / dx, (_height + dy - 1) / dy);
            return (new ushort[width * height], width, height, dx, dy);
        });
    }

    public override void WriteBlock(ref short blockRef, int componentIndex, int x, int y)
    {
        (ushort[] samples, int width, int height, int dx, int dy) = _planes[componentIndex];
        for (int r = 0; r < 8; r += dy)
        {
            int row = (y + r) / dy;
            if (row >= height)
                break;
            for (int c = 0; c < 8; c += dx)
            {
                int column = (x + c) / dx;
                if (column >= width)
                    break;
                samples[row * width + column] = (ushort)Math.Clamp((int)Unsafe.Add(ref blockRef, r * 8 + c), 0, _max);
            }
        }
    }

    /// <summary>One component at full size.</summary>
    public ushort[] Read(int component)
    {
        (ushort[] samples, int width, int height, int dx, int dy) = _planes[component];
        if (dx == 1 && dy == 1)
            return samples;
        ushort[] full = new ushort[_width * _height];
        bool fancy = dx <= 2 && dy <= 2 && (dx == 1 || width > 2);
        for (int y = 0; y < _height; y++)
        {
            Span<ushort> target = full.AsSpan(y * _width, _width);
            ReadOnlySpan<ushort> near = samples.AsSpan(y / dy * width, width);
            if (!fancy)
            {
                for (int x = 0; x < target.Length; x++)
                    target[x] = near[x / dx];
                continue;
            }
            int other = Math.Clamp((y & 1) == 0 ? y / 2 - 1 : y / 2 + 1, 0, height - 1);
            ReadOnlySpan<ushort> far = dy == 1 ? near : samples.AsSpan(other * width, width);
            if (dx == 1)
                Vertically(near, far, target, (y & 1) == 0 ? 1 : 2);
            else if (dy == 1)
                Horizontally(near, target);
            else
                BothWays(near, far, target);
        }
        return full;
    }

    private static void Vertically(ReadOnlySpan<ushort> near, ReadOnlySpan<ushort> far, Span<ushort> target, int bias)
    {
        for (int x = 0; x < target.Length; x++)
            target[x] = (ushort)(3 * near[x] + far[x] + bias >> 2);
    }

    private static void Horizontally(ReadOnlySpan<ushort> near, Span<ushort> target)
    {
        for (int x = 0; x < target.Length; x++)
        {
            int i = x >> 1, other = (x & 1) == 0 ? i - 1 : i + 1;
            target[x] = other < 0 || other >= near.Length ? near[i] : (ushort)(3 * near[i] + near[other] + 1 + (x & 1) >> 2);
        }
    }

    private static void BothWays(ReadOnlySpan<ushort> near, ReadOnlySpan<ushort> far, Span<ushort> target)
    {
        for (int x = 0; x < target.Length; x++)
        {
            int i = x >> 1, other = Math.Clamp((x & 1) == 0 ? i - 1 : i + 1, 0, near.Length - 1);
            target[x] = (ushort)(3 * (3 * near[i] + far[i]) + 3 * near[other] + far[other] + 8 - (x & 1) >> 4);
        }
    }
}
