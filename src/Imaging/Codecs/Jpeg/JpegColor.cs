namespace LungSeg.Imaging.Codecs.Jpeg;

/// <summary>YCbCr to RGB in libjpeg's 16-bit fixed point, where the file is not RGB to begin with.</summary>
internal static class JpegColor
{
    // 1.402, 1.772, 0.714136, 0.344136 times 65536.
    private const int CrToRed = 91881, CbToBlue = 116130, CrToGreen = 46802, CbToGreen = 22554, Half = 1 << 15;

    public static ushort[] ToRgb(ushort[] first, ushort[] second, ushort[] third, JpegStructure jpeg)
    {
        ushort[] rgb = new ushort[first.Length * 3];
        for (int i = 0; i < first.Length; i++)
            (rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2]) = (first[i], second[i], third[i]);
        if (!IsRgb(jpeg))
            ToRgb(rgb, jpeg.Precision);
        return rgb;
    }

    /// <summary>Converts interleaved samples of <paramref name="precision"/> bits in place.</summary>
    public static void ToRgb(Span<ushort> samples, int precision)
    {
        int max = (1 << precision) - 1, center = 1 << precision - 1;
        for (int i = 0; i + 2 < samples.Length; i += 3)
        {
            (int y, int cb, int cr) = (samples[i], samples[i + 1] - center, samples[i + 2] - center);
            samples[i] = (ushort)Math.Clamp(y + (CrToRed * cr + Half >> 16), 0, max);
            samples[i + 1] = (ushort)Math.Clamp(y + (-CbToGreen * cb - CrToGreen * cr + Half >> 16), 0, max);
            samples[i + 2] = (ushort)Math.Clamp(y + (CbToBlue * cb + Half >> 16), 0, max);
        }
    }

    /// <summary>libjpeg's rule: JFIF means YCbCr; else Adobe's transform decides; else components named R, G, B.</summary>
    private static bool IsRgb(JpegStructure jpeg) =>
        !jpeg.HasJfif && (jpeg.AdobeTransform >= 0
            ? jpeg.AdobeTransform == 0
            : jpeg.Components is [{ Id: 'R' }, { Id: 'G' }, { Id: 'B' }]);
}
