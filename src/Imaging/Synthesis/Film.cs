namespace LungSeg.Imaging.Synthesis;

/// <summary>From attenuation to grey levels: beam, scatter, unsharpness, quantum noise, exposure curve.</summary>
internal static class Film
{
    private const double Scatter = 0.0015, Noise = 0.0075, Detail = 0.8;

    public static ushort[] Expose(Canvas canvas, SplitMix random)
    {
        (int width, int height) = (canvas.Width, canvas.Height);
        float[] beam = new float[width * height];
        for (int i = 0; i < beam.Length; i++)
            beam[i] = (float)(Math.Exp(-canvas.Attenuation[i]) + Scatter);
        // Focal spot and screen: about half a millimetre.
        Blur(beam, width, height, (float)(0.30 / canvas.Step));
        float[] density = Array.ConvertAll(beam, b => -MathF.Log(b));
        float[] coarse = (float[])density.Clone();
        for (int pass = 0; pass < 2; pass++)
            BoxBlur(coarse, width, height, Math.Max(1, (int)(11 / canvas.Step)));
        float[] grain = new float[beam.Length];
        for (int i = 0; i < grain.Length; i++)
            grain[i] = (float)random.Normal();
        Blur(grain, width, height, 0.6f);
        ushort[] film = new ushort[beam.Length];
        for (int i = 0; i < film.Length; i++)
        {
            // Quanta are fewer where the body is denser, so noise grows with density.
            double noise = Noise * grain[i] / Math.Sqrt(beam[i]);
            // Digital detectors lift detail over the coarse image, and so do we.
            double shown = density[i] + Detail * (density[i] - coarse[i]) + noise;
            film[i] = (ushort)Math.Clamp(Curve(shown) + 0.5, 0, 255);
        }
        return film;
    }

    /// <summary>Air is black, lung dark grey, heart light grey, and bone on heart not quite white.</summary>
    private static double Curve(double density)
    {
        double t = Math.Max(density - 0.45, 0) / 4.6;
        return 205 * Math.Pow(t, 1.15);
    }

    /// <summary>Blurs rows and columns with weights s, 1 - 2s, s, as often as the standard deviation (in pixels) asks for.</summary>
    private static void Blur(float[] image, int width, int height, float deviation)
    {
        int passes = Math.Max(1, (int)Math.Ceiling(deviation * deviation * 2));
        float side = deviation * deviation / (2 * passes), middle = 1 - 2 * side;
        for (int pass = 0; pass < passes; pass++)
        {
            for (int y = 0; y < height; y++)
            {
                Span<float> row = image.AsSpan(y * width, width);
                float before = row[0];
                for (int x = 0; x < width; x++)
                    (before, row[x]) = (row[x], side * before + middle * row[x] + side * row[Math.Min(x + 1, width - 1)]);
            }
            float[] above = image.AsSpan(0, width).ToArray();
            for (int y = 0; y < height; y++)
            {
                int below = Math.Min(y + 1, height - 1) * width;
                for (int x = 0; x < width; x++)
                {
                    ref float cell = ref image[y * width + x];
                    (above[x], cell) = (cell, side * above[x] + middle * cell + side * image[below + x]);
                }
            }
        }
    }

    /// <summary>Means over squares of 2 radius + 1 pixels, by running sums; the image's edge pixels are repeated.</summary>
    private static void BoxBlur(float[] image, int width, int height, int radius)
    {
        for (int y = 0; y < height; y++)
            BoxBlurLine(image, y * width, 1, width, radius);
        for (int x = 0; x < width; x++)
            BoxBlurLine(image, x, width, height, radius);
    }

    private static void BoxBlurLine(float[] image, int start, int step, int count, int radius)
    {
        float[] line = new float[count];
        for (int i = 0; i < count; i++)
            line[i] = image[start + i * step];
        double sum = 0;
        for (int i = -radius; i <= radius; i++)
            sum += line[Math.Clamp(i, 0, count - 1)];
        for (int i = 0; i < count; i++)
        {
            image[start + i * step] = (float)(sum / (2 * radius + 1));
            sum += line[Math.Min(i + radius + 1, count - 1)] - line[Math.Max(i - radius, 0)];
        }
    }
}
