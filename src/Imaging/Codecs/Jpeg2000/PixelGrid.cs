namespace LungSeg.Imaging.Codecs.Jpeg2000;

/// <summary>
/// The pixels that some components make together: those of the finest, <paramref name="Dx"/> and <paramref name="Dy"/> steps of the
/// reference grid apart.
/// </summary>
internal readonly record struct PixelGrid(Area Area, int Dx, int Dy)
{
    public static PixelGrid Of(ImageGrid grid, IEnumerable<int> components)
    {
        (int dx, int dy) = (components.Min(c => grid.Components[c].Dx), components.Min(c => grid.Components[c].Dy));
        return new PixelGrid(grid.Image.Subsample(dx, dy), dx, dy);
    }

    /// <summary>
    /// Writes one component to every <paramref name="step"/>-th sample, repeated where it is subsampled, looked up where a table is given.
    /// </summary>
    public void Spread(Plane plane, ushort[] samples, int first, int step, ushort[]? table)
    {
        (int width, int height) = (plane.Area.Width, plane.Area.Height);
        if (plane.Area == Area && step == 1 && table is null)
        {
            plane.Samples.CopyTo(samples, 0);
            return;
        }
        int[] columns = Places(Area.X0, Area.Width, Dx, plane.Area.X0, width, plane.Size.Dx);
        int[] rows = Places(Area.Y0, Area.Height, Dy, plane.Area.Y0, height, plane.Size.Dy);
        for (int y = 0, to = first; y < rows.Length; y++)
        {
            ReadOnlySpan<ushort> row = plane.Samples.AsSpan(rows[y] * width, width);
            for (int x = 0; x < columns.Length; x++, to += step)
                samples[to] = table is null ? row[columns[x]] : table[row[columns[x]]];
        }
    }

    /// <summary>sYCC to red, green and blue, in place, as OpenJPEG's programs do: products are cut off, not rounded.</summary>
    public static void ToRgb(Span<ushort> samples, int bits)
    {
        int highest = (1 << bits) - 1, half = 1 << bits - 1;
        for (int i = 0; i + 2 < samples.Length; i += 3)
        {
            (int y, int cb, int cr) = (samples[i], samples[i + 1] - half, samples[i + 2] - half);
            samples[i] = (ushort)Math.Clamp(y + (int)(1.402 * cr), 0, highest);
            samples[i + 1] = (ushort)Math.Clamp(y - (int)(0.344 * cb + 0.714 * cr), 0, highest);
            samples[i + 2] = (ushort)Math.Clamp(y + (int)(1.772 * cb), 0, highest);
        }
    }

    /// <summary>For each pixel of a row or column the sample that covers it.</summary>
    private static int[] Places(int firstPixel, int pixels, int pixelStep, int firstSample, int samples, int sampleStep)
    {
        int[] places = new int[pixels];
        for (int i = 0; i < pixels; i++)
            places[i] = (int)Math.Clamp((firstPixel + (long)i) * pixelStep / sampleStep - firstSample, 0, samples - 1);
        return places;
    }
}
