namespace LungSeg.Models.Encoders;

/// <summary>Channel counts as mobile networks round them.</summary>
internal static class Divisible
{
    /// <summary>
    /// The multiple of <paramref name="divisor"/> nearest to a count, at least <paramref name="minimum"/> (by default the divisor), and not
    /// less than nine tenths of the count.
    /// </summary>
    public static int Round(double count, int divisor = 8, int? minimum = null, double share = 0.9)
    {
        int rounded = Math.Max(minimum ?? divisor, (int)(count + (divisor / 2.0)) / divisor * divisor);
        return rounded < share * count ? rounded + divisor : rounded;
    }
}
