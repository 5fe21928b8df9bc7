using System.Buffers.Binary;
using System.Numerics;

namespace LungSeg.Imaging.Dicom.Codecs;

/// <summary>The coding parameters of a JPEG-LS scan (ISO/IEC 14495-1, A.2 and C.2.4.1.1).</summary>
internal sealed record JpegLsParameters(int MaxValue, int Near, int T1, int T2, int T3, int Reset)
{
    /// <summary>Values that a prediction error can take.</summary>
    public int Range { get; } = (MaxValue + 2 * Near) / (2 * Near + 1) + 1;

    /// <summary>Bits of a prediction error.</summary>
    public int ErrorBits => BitOperations.Log2((uint)Range - 1) + 1;

    /// <summary>Longest code of an error in bits.</summary>
    public int Limit
    {
        get
        {
            int bits = Math.Max(2, BitOperations.Log2((uint)MaxValue) + 1);
            return 2 * (bits + Math.Max(8, bits));
        }
    }

    /// <summary>Takes the values of a preset segment, which are 0 where a default is meant; no segment is all defaults.</summary>
    public static JpegLsParameters Create(ReadOnlySpan<byte> preset, int precision, int near)
    {
        int highest = (1 << precision) - 1;
        int max = Preset(preset, 0) is > 0 and var stated ? stated : highest;
        if (max > highest || near > Math.Min(255, max / 2))
            throw new ImageException(
                $"the DICOM file is damaged: JPEG-LS of {precision} bits with maximum {max} and a permitted error of {near}");
        int factor = (Math.Min(max, 4095) + 128) / 256, divisor = 256 / (max + 1);
        int Default(int basic, int minimum, int lower) => max >= 128
            ? Clamp(factor * (basic - minimum) + minimum + lower * near, near + 1)
            : Clamp(Math.Max(minimum, basic / divisor + lower * near), near + 1);
        int Clamp(int value, int lowest) => value > max || value < lowest ? lowest : value;
        int t1 = Preset(preset, 1) is > 0 and var p1 ? p1 : Default(3, 2, 3);
        int t2 = Preset(preset, 2) is > 0 and var p2 ? p2 : Math.Max(t1, Default(7, 3, 5));
        int t3 = Preset(preset, 3) is > 0 and var p3 ? p3 : Math.Max(t2, Default(21, 4, 7));
        int reset = Preset(preset, 4) is > 0 and var p4 ? p4 : 64;
        if (t1 <= near || t2 < t1 || t3 < t2 || t3 > max || reset < 3)
            throw new ImageException($"the DICOM file is damaged: JPEG-LS thresholds {t1}, {t2}, {t3} and reset {reset}");
        return new JpegLsParameters(max, near, t1, t2, t3, reset);
    }

    private static int Preset(ReadOnlySpan<byte> preset, int index) =>
        preset.IsEmpty ? 0 : BinaryPrimitives.ReadUInt16BigEndian(preset[(2 * index)..]);
}
