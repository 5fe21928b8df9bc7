using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Backends.Reference;

/// <summary>
/// Layers of <see cref="OperationCases"/>: weights follow from a seed and the layer's path; each is tapped under its path.
/// </summary>
internal sealed class RandomLayers(int seed)
{
    public static float[] Values(int seed, string key, int count, double low, double high)
    {
        int hash = seed;
        foreach (char letter in key) hash = unchecked((hash * 16777619) ^ letter);
        var random = new Random(hash);
        var values = new float[count];
        for (int i = 0; i < count; i++) values[i] = (float)(low + (random.NextDouble() * (high - low)));
        return values;
    }

    public Tensor Conv2d(
        Tensor x, string path, int k, int r, int? s = null,
        int stride = 1, Padding padding = default, int dilation = 1, int groups = 1, bool bias = true)
    {
        int width = x.Shape.C / groups, columns = s ?? r;
        Parameter weight = Weight(path, width * r * columns, k, width, r, columns);
        return Tapped(x, path, new Conv2dOp(weight, bias ? Bias(path, k) : null, stride, padding, dilation, groups));
    }

    public Tensor ConvTranspose2d(Tensor x, string path, int k, int kernel, int stride, int padding, bool bias = true) =>
        Tapped(x, path, new ConvTranspose2dOp(
            Weight(path, x.Shape.C * kernel * kernel / (stride * stride), x.Shape.C, k, kernel, kernel),
            bias ? Bias(path, k) : null, stride, padding));

    public Tensor BatchNorm(Tensor x, string path) => Tapped(x, path, new BatchNormOp(
        Uniform($"{path}.weight", -1.5, 1.5, x.Shape.C), Bias(path, x.Shape.C),
        Uniform($"{path}.running_mean", -1, 1, x.Shape.C), Uniform($"{path}.running_var", 0.2, 2, x.Shape.C), 1e-3f));

    public Tensor GroupNorm(Tensor x, string path, int groups) => Tapped(x, path, new GroupNormOp(
        Uniform($"{path}.weight", -1.5, 1.5, x.Shape.C), Bias(path, x.Shape.C), groups, 1e-5f));

    public Tensor ChannelNorm(Tensor x, string path) => Tapped(x, path, new ChannelNormOp(
        Uniform($"{path}.weight", -1.5, 1.5, x.Shape.C), Bias(path, x.Shape.C), 1e-5f));

    public static Tensor Activate(Tensor x, Activation function, string path = "activation") =>
        function == Activation.None ? x : Tapped(x, path, new ActivationOp(function));

    public static Tensor Tapped(Tensor x, string path, Op op, params ReadOnlySpan<Tensor> others)
    {
        Tensor result = x.ApplyAt(path, op, others);
        x.Trace!.Tap(path, result);
        return result;
    }

    // Scaled so that a sum of so many products of numbers in -1..1 stays near 1.
    private Parameter Weight(string path, int reduction, params int[] dims)
    {
        double scale = 1.7 / Math.Sqrt(Math.Max(reduction, 1));
        return Uniform($"{path}.weight", -scale, scale, dims);
    }

    private Parameter Bias(string path, int channels) => Uniform($"{path}.bias", -1, 1, channels);

    private Parameter Uniform(string key, double low, double high, params int[] dims)
    {
        int count = dims.Aggregate(1, (product, dim) => product * dim);
        return new Parameter(key, dims, () => Values(seed, key, count, low, high));
    }
}
