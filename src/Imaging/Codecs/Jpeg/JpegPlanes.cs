namespace LungSeg.Imaging.Codecs.Jpeg;

/// <summary>
/// The decoded components, brought to the image's size as libjpeg does ("fancy upsampling": weights 3/4 and 1/4, rounded up and
/// down in turns).
/// </summary>
internal sealed class JpegPlanes(JpegStructure jpeg, JpegComponent[] components)
{
    /// <summary>One component at full size.</summary>
    public ushort[] Read(int component)
    {
        JpegComponent c = components[component];
        (int dx, int dy, int width) = (c.Dx, c.Dy, c.Width);
        ushort[] full = new ushort[jpeg.Width * jpeg.Height];
        bool fancy = dx <= 2 && dy <= 2 && (dx == 1 || width > 2);
        for (int y = 0; y < jpeg.Height; y++)
        {
            Span<ushort> target = full.AsSpan(y * jpeg.Width, jpeg.Width);
            ReadOnlySpan<ushort> near = c.Samples.AsSpan(y / dy * c.Stride, width);
            if (dx == 1 && dy == 1)
            {
                near.CopyTo(target);
                continue;
            }
            if (!fancy)
            {
                for (int x = 0; x < target.Length; x++)
                    target[x] = near[x / dx];
                continue;
            }
            int other = Math.Clamp((y & 1) == 0 ? y / 2 - 1 : y / 2 + 1, 0, c.Height - 1);
            ReadOnlySpan<ushort> far = dy == 1 ? near : c.Samples.AsSpan(other * c.Stride, width);
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
