namespace LungSeg.Imaging.Synthesis;

/// <summary>Smooth random unevenness of tissue: value noise of several octaves, about -1 to 1.</summary>
internal sealed class Texture
{
    private const int Size = 64;
    private readonly float[] _values = new float[Size * Size];

    public Texture(SplitMix random)
    {
        for (int i = 0; i < _values.Length; i++)
            _values[i] = (float)random.Between(-1, 1);
    }

    /// <summary>The value at a place, in millimetres, whose coarsest grain is <paramref name="grain"/> millimetres.</summary>
    public double At(double x, double y, double grain, int octaves)
    {
        double sum = 0, weight = 0.5;
        for (int octave = 0; octave < octaves; octave++, grain /= 2, weight *= 0.62)
            sum += weight * One(x / grain + 17.3 * octave + 640, y / grain + 5.1 * octave + 640);
        return sum;
    }

    private double One(double x, double y)
    {
        (int x0, int y0) = ((int)x, (int)y);
        (double u, double v) = (Anatomy.Smooth(x - x0), Anatomy.Smooth(y - y0));
        double upper = Value(x0, y0) * (1 - u) + Value(x0 + 1, y0) * u, lower = Value(x0, y0 + 1) * (1 - u) + Value(x0 + 1, y0 + 1) * u;
        return upper * (1 - v) + lower * v;
    }

    private double Value(int x, int y) => _values[(y & Size - 1) * Size + (x & Size - 1)];
}
