using LungSeg.Imaging.Synthesis;

namespace LungSeg.Imaging;

/// <summary>
/// Draws a frontal chest X-ray that belongs to nobody, with its true lungs: attenuation along parallel rays through a torso with
/// lungs, heart, great vessels, bones and soft tissue, exposed on film with scatter, unsharpness and quantum noise.
/// </summary>
internal static class SyntheticRadiograph
{
    /// <summary>
    /// Draws an 8-bit grey image of a 400 mm field and the mask of its lung fields (the lung behind the heart included). The
    /// same arguments give the same image.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">A side is under 32 or over 8192 pixels.</exception>
    public static (Radiograph Image, LungMask Lungs) Draw(int width, int height, int seed)
    {
        foreach (int side in (ReadOnlySpan<int>)[width, height])
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(side, 32);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(side, 8192);
        }
        SplitMix random = new(seed);
        Anatomy anatomy = new(random);
        Canvas canvas = new(width, height);
        byte[] lungs = new byte[width * height];
        float[] depth = DrawTissue(canvas, anatomy, new Texture(random), lungs);
        new Vessels(canvas, random, Array.ConvertAll(depth, d => Math.Min(d / 60, 1))).Draw();
        DrawMediastinum(canvas, anatomy, depth);
        DrawAir(canvas, anatomy);
        Skeleton.Draw(canvas, anatomy);
        ushort[] film = Film.Expose(canvas, random);
        Radiograph image = new(width, height, 1, 8, film)
        {
            Spacing = new PixelSpacing(canvas.Step, canvas.Step),
            SpacingSource = "the drawn field of 400 mm",
            PatientLeftIsOnTheRight = true,
            Description = $"synthetic, seed {seed}",
        };
        return (image, new LungMask(width, height, lungs));
    }

    /// <summary>Fills body and lungs; returns the depth of lung behind each pixel.</summary>
    private static float[] DrawTissue(Canvas canvas, Anatomy anatomy, Texture texture, byte[] lungs)
    {
        float[] depth = new float[lungs.Length];
        for (int row = 0, at = 0; row < canvas.Height; row++)
        {
            double y = canvas.Y(row);
            for (int column = 0; column < canvas.Width; column++, at++)
            {
                double x = canvas.X(column);
                double body = anatomy.BodyDepth(x, y), lung = Math.Min(anatomy.LungDepth(x, y), 0.8 * body);
                double recess = Math.Min(anatomy.RecessDepth(x, y), body - lung);
                double uneven = 1 + 0.05 * texture.At(x, y, 60, 3), interstitial = 1 + 0.3 * texture.At(x, y, 7, 4);
                canvas.Attenuation[at] =
                    (float)(Anatomy.Soft * (body - lung - recess) * uneven + Anatomy.Lung * (lung * interstitial + recess));
                depth[at] = (float)lung;
                lungs[at] = lung > 0 ? (byte)1 : (byte)0;
            }
        }
        return depth;
    }

    /// <summary>Heart and great vessels push lung aside, but some lung always stays before and behind them.</summary>
    private static void DrawMediastinum(Canvas canvas, Anatomy anatomy, float[] lungDepth)
    {
        Canvas organs = new(canvas.Width, canvas.Height);
        double s = anatomy.HeartScale;
        organs.AddEllipsoid(30, 254, 84 * s, 54 * s, 62, 36, 1);
        organs.AddEllipsoid(-12, 254, 38 * s, 54 * s, 46, 10, 1);
        organs.AddEllipsoid(27, 188, 26 * s, 42 * s, 34, -14, 1);
        organs.AddEllipsoid(25, 112, 22, 23, 30, 0, 1);
        organs.AddEllipsoid(-24, 122, 15, 66, 26, 0, 1);
        organs.AddEllipsoid(22, 66, 17, 50, 20, 0, 1);
        organs.AddTube([new(26, 118, 0), new(29, 200, 0), new(26, 330, 0)], _ => 12, 1, 1);
        for (int i = 0; i < lungDepth.Length; i++)
        {
            double organ = organs.Attenuation[i], room = 0.82 * lungDepth[i];
            if (organ > 0 && room > 0)
                canvas.Attenuation[i] += (float)((Anatomy.Soft - Anatomy.Lung) * room * (1 - Math.Exp(-organ / room)));
        }
    }

    /// <summary>Windpipe and main bronchi, and the stomach's bubble under the left dome, are air in soft tissue.</summary>
    private static void DrawAir(Canvas canvas, Anatomy anatomy)
    {
        canvas.AddTube([new(0, -60, 0), new(-1, 60, 0), new(-4, 138, 0)], _ => 8.5, -Anatomy.Soft, -Anatomy.Soft);
        canvas.AddTube([new(-4, 137, 0), new(-24, 160, 0), new(-38, 170, 0)], t => 6.5 - 2 * t, -Anatomy.Soft, -Anatomy.Soft);
        canvas.AddTube([new(-4, 137, 0), new(18, 162, 0), new(42, 172, 0)], t => 6 - 2 * t, -Anatomy.Soft, -Anatomy.Soft);
        double bubble = anatomy.Diaphragm(72, 1) + 20;
        canvas.AddEllipsoid(74, bubble, 26, 13, 26, 8, -Anatomy.Soft * 0.55);
        canvas.AddEllipsoid(56, bubble + 24, 12, 11, 14, 0, -Anatomy.Soft * 0.4);
    }
}
