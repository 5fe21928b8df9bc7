using System.Globalization;

namespace LungSeg.Imaging.Tests;

/// <summary>The inputs of tests/data/imaging/make_opencv.py, drawn from the same generator.</summary>
internal sealed class OpenCvCases(uint seed)
{
    private uint _state = seed;

    public int Below(int n)
    {
        _state = _state * 1664525 + 1013904223;
        return (int)(_state >> 8) % n;
    }

    public int Between(int low, int high) => low + Below(high - low + 1);

    public static IEnumerable<string[]> Rows(string file) =>
        File.ReadLines(Repository.Data("opencv", file)).Select(line => line.Split('\t'));

    public static uint Number(string cell) => uint.Parse(cell, CultureInfo.InvariantCulture);

    public static LungMask Mask(uint seed)
    {
        OpenCvCases d = new(seed);
        (int w, int h) = (d.Between(24, 220), d.Between(24, 220));
        byte[] m = new byte[w * h];
        for (int n = d.Between(2, 24); n > 0; n--)
        {
            int kind = d.Below(3);
            byte value = d.Below(3) != 0 ? (byte)1 : (byte)0;
            (int cx, int cy) = (d.Below(w), d.Below(h));
            (int rx, int ry) = (d.Between(1, 1 + w / 4), d.Between(1, 1 + h / 4));
            for (int y = 0; y < h; y++)
                for (int x = 0; x < w; x++)
                    if (Covers(kind, x - cx, y - cy, rx, ry))
                        m[y * w + x] = value;
        }
        for (int n = d.Below(2) * d.Below(1 + w * h / 8); n > 0; n--)
        {
            (int x, int y) = (d.Below(w), d.Below(h));
            m[y * w + x] ^= 1;
        }
        return new LungMask(w, h, m);
    }

    private static bool Covers(int kind, long dx, long dy, long rx, long ry) => kind switch
    {
        0 => dx * dx * ry * ry + dy * dy * rx * rx <= rx * rx * ry * ry,
        1 => Math.Abs(dx) <= rx && Math.Abs(dy) <= ry,
        _ => Math.Abs(dx) + Math.Abs(dy) <= Math.Min(rx, ry),
    };
}
