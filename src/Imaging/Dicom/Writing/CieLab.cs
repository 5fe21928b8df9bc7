namespace LungSeg.Imaging.Dicom.Writing;

/// <summary>Colours as DICOM recommends them for display (PS3.3, C.10.7.1.1): CIELab at D50, each value scaled to 16 bits.</summary>
internal static class CieLab
{
    /// <summary>L*, a* and b* of an sRGB colour.</summary>
    public static uint[] Of((byte Red, byte Green, byte Blue) color)
    {
        (double r, double g, double b) = (Linear(color.Red), Linear(color.Green), Linear(color.Blue));
        // sRGB to XYZ at D50 (Bradford), divided by the white point.
        double x = Root((0.4360747 * r + 0.3850649 * g + 0.1430804 * b) / 0.9642);
        double y = Root(0.2225045 * r + 0.7168786 * g + 0.0606169 * b);
        double z = Root((0.0139322 * r + 0.0971045 * g + 0.7141733 * b) / 0.8249);
        return [Scale((116 * y - 16) / 100), Scale((500 * (x - y) + 128) / 255), Scale((200 * (y - z) + 128) / 255)];
    }

    private static double Linear(byte value) => value / 255.0 is var v && v <= 0.04045 ? v / 12.92 : Math.Pow((v + 0.055) / 1.055, 2.4);

    private static double Root(double t) => t > 216.0 / 24389 ? Math.Cbrt(t) : (24389.0 / 27 * t + 16) / 116;

    private static uint Scale(double share) => (uint)Math.Round(Math.Clamp(share, 0, 1) * ushort.MaxValue);
}
