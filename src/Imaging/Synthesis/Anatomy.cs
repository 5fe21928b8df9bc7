namespace LungSeg.Imaging.Synthesis;

/// <summary>
/// Outlines and depths of a torso in millimetres, varied a little by the seed. Side -1 is the image's left (the patient's
/// right), +1 its right.
/// </summary>
internal sealed class Anatomy
{
    /// <summary>Attenuation per millimetre at about 80 keV; bone and air are differences to soft tissue.</summary>
    public const double Soft = 0.0190, Lung = 0.0046, Bone = 0.030, Marrow = 0.007;

    private const double Base = 352;
    private readonly double _girth, _apex, _dome, _breath;

    public Anatomy(SplitMix random)
    {
        _girth = random.Between(0.95, 1.03);
        _apex = random.Between(30, 40);
        _dome = random.Between(292, 312);
        _breath = random.Between(0.94, 1.04);
        HeartScale = random.Between(0.9, 1.08);
        RibShift = random.Between(-5, 5);
    }

    public double HeartScale { get; }

    public double RibShift { get; }

    /// <summary>Depth of the body along the beam; 0 outside.</summary>
    public double BodyDepth(double x, double y)
    {
        double ax = Math.Abs(x);
        double neck = 112 * Round(66 - ax, 60) * Round(64 - y, 90);
        double top = 22 * Math.Sqrt(Math.Max(ax - 40, 0) / 90) - 12;
        double side = (238 - 56 * Smooth((y - 130) / 120) - 4 * Smooth((y - 300) / 100)) * _girth;
        double trunk = (150 + 74 * Smooth((y - 5) / 130) + 18 * Smooth((y - 240) / 120)) * Round(y - top, 66);
        trunk *= Math.Pow(Round(side - ax, 150), 0.85);
        // A soft maximum: the neck runs into the shoulders without a seam.
        return Math.Sqrt(neck * neck + trunk * trunk) - 0.29 * Math.Min(neck, trunk);
    }

    /// <summary>Distance from the midline to the lung's lateral edge.</summary>
    public double Lateral(double y)
    {
        double t = (y - _apex) / (Base - _apex);
        double rise = 1 - Math.Clamp(t / 0.46, 0, 1);
        return (60 + 76 * Math.Sqrt(1 - rise * rise) + 22 * Smooth((t - 0.35) / 0.65)) * _girth;
    }

    /// <summary>Distance from the midline to the lung's medial edge, the lung behind the heart included.</summary>
    public double Medial(double y, int side)
    {
        double rise = Math.Max(0, 1 - (y - _apex) / 34);
        double wave = 1.6 * Math.Sin(y / 13 + side) + 1.2 * Math.Sin(y / 31 + 2 * side);
        return 24 + wave + 26 * rise * rise + (side > 0 ? 3 + 13 * Smooth((y - 190) / 120) : 4 * Smooth((y - 240) / 80));
    }

    /// <summary>Height of the diaphragm's dome at x.</summary>
    public double Diaphragm(double x, int side)
    {
        double off = Math.Abs(x) - 74 * _girth;
        double fall = off > 0 ? 48 * Math.Pow(off / 80, 2.4) : 9 * (off / 45) * (off / 45);
        return _dome + (side > 0 ? 11 : 0) + fall;
    }

    /// <summary>Whether the pixel belongs to the lung field that is drawn as truth.</summary>
    public bool IsLung(double x, double y) => LungDepth(x, y) > 0;

    /// <summary>Depth of aerated lung along the beam.</summary>
    public double LungDepth(double x, double y)
    {
        int side = Math.Sign(x);
        double ax = Math.Abs(x);
        double depth = 172 * _breath * Math.Sqrt(Round(y - _apex, 130));
        return depth * Round(Lateral(y) - ax, 62) * Round(ax - Medial(y, side), 14 + 30 * Smooth((y - 110) / 90))
            * Round(Diaphragm(x, side) - y, 9);
    }

    /// <summary>Lung that reaches down behind the dome: it darkens the upper abdomen a little and is not part of the lung field.</summary>
    public double RecessDepth(double x, double y)
    {
        int side = Math.Sign(x);
        double below = y - Diaphragm(x, side), ax = Math.Abs(x);
        if (below < 0)
            return 0;
        return 42 * (1 - Smooth(below / 55)) * Round(Lateral(Math.Min(y, Base)) - ax, 50) * Round(ax - 30, 25);
    }

    /// <summary>A quarter circle from 0 at the edge to 1 at the radius inside it.</summary>
    public static double Round(double inside, double radius)
    {
        if (inside <= 0)
            return 0;
        double t = 1 - Math.Min(inside / radius, 1);
        return Math.Sqrt(1 - t * t);
    }

    public static double Smooth(double t)
    {
        t = Math.Clamp(t, 0, 1);
        return t * t * (3 - 2 * t);
    }
}
