using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Reference;

/// <summary>How far a group norm may be off: its own mean and variance are rounded sums, and so is what they divide.</summary>
internal static class GroupNormBound
{
    public static Map Of(GroupNormOp op, Map x, Map e, Arithmetic arithmetic)
    {
        float[] weight = op.Weight.Read(), bias = op.Bias.Read();
        var bound = new Map(x.Shape);
        int pixels = x.Shape.H * x.Shape.W, size = x.Shape.C / op.Groups * pixels;
        double sum = arithmetic.Sum(size), u = arithmetic.UnitRoundoff;
        for (int start = 0; start < x.Values.Length; start += size)
        {
            double[] group = [.. x.Values.Skip(start).Take(size).Select(value => (double)value)];
            double mean = group.Average(), absolute = group.Average(Math.Abs), error = e.Values.Skip(start).Take(size).Max();
            double scale = 1 / Math.Sqrt(group.Average(value => (value - mean) * (value - mean)) + op.Eps);
            for (int i = 0; i < size; i++)
            {
                int c = (start + i) / pixels % x.Shape.C;
                double normal = Math.Abs(group[i] - mean) * scale, gain = Math.Abs(weight[c]);
                // The input's error moves the value, the mean and the deviation; so do the sums' roundings.
                double carried = gain * scale * error * (2 + normal + (normal * scale * error));
                double rounded = gain * ((scale * ((absolute * sum) + (2 * u * Math.Abs(group[i])))) + (normal * (sum + (8 * u))));
                bound.Values[start + i] = (float)(carried + rounded + (2 * u * Math.Abs(bias[c])));
            }
        }
        return bound;
    }
}
