using LungSeg.Imaging.Masks;

namespace LungSeg.Imaging.Quality;

/// <summary>
/// How far a pair of lungs is turned. Their long axes lean towards each other at the top and the line between their centres is
/// nearly level, so that the mean of both tilts is near 0 in an upright image.
/// </summary>
internal static class Tilt
{
    /// <summary>Degrees clockwise, -90 to 90.</summary>
    public static double Of(ConnectedComponents parts, int width, Component one, Component other)
    {
        int[] labels = parts.ToLabels();
        double axes = (Axis(labels, width, one) + Axis(labels, width, other)) / 2;
        (Component left, Component right) = one.CenterX < other.CenterX ? (one, other) : (other, one);
        double line = double.RadiansToDegrees(Math.Atan2(right.CenterY - left.CenterY, right.CenterX - left.CenterX));
        return (axes + line) / 2;
    }

    /// <summary>The long axis of a part against the vertical, by its second moments.</summary>
    private static double Axis(ReadOnlySpan<int> labels, int width, Component part)
    {
        double xx = 0, xy = 0, yy = 0;
        for (int y = part.Top; y < part.Bottom; y++)
            for (int x = part.Left; x < part.Right; x++)
            {
                if (labels[y * width + x] != part.Label)
                    continue;
                (double dx, double dy) = (x - part.CenterX, y - part.CenterY);
                (xx, xy, yy) = (xx + dx * dx, xy + dx * dy, yy + dy * dy);
            }
        // Rows grow downwards, so an axis that leans to the right at its top has a negative mixed moment.
        return double.RadiansToDegrees(Math.Atan2(-2 * xy, yy - xx)) / 2;
    }
}
