using System.Text.Json;

namespace LungSeg.Engine.Weights;

/// <summary>
/// Outputs of the reference implementation for synthetic weights and inputs. The format is in
/// <c>tests/data/golden/README.md</c>.
/// </summary>
internal sealed class GoldenFile
{
    private const int SampledAbove = 16_384, Samples = 2_048;

    private readonly StateDict _tensors;

    private GoldenFile(StateDict tensors, string network, string salt, IReadOnlyList<GoldenCase> cases)
    {
        _tensors = tensors;
        Network = network;
        Salt = salt;
        Cases = cases;
    }

    /// <summary>The network's key, such as <c>pan</c>.</summary>
    public string Network { get; }

    /// <summary>What is put in front of every key.</summary>
    public string Salt { get; }

    /// <summary>The cases in the file's order.</summary>
    public IReadOnlyList<GoldenCase> Cases { get; }

    /// <summary>The weights for which the outputs hold.</summary>
    public SyntheticWeights Weights => new(Salt, _tensors);

    /// <summary>Whether a file says that it is one.</summary>
    public static bool IsGolden(string path) => Safetensors.Read(path).Metadata.ContainsKey("salt");

    /// <summary>Reads a file; throws <see cref="CheckpointException"/> when it is no golden file.</summary>
    public static GoldenFile Read(string path)
    {
        StateDict tensors = Safetensors.Read(path);
        if (!tensors.Metadata.TryGetValue("network", out string? network)
            || !tensors.Metadata.TryGetValue("salt", out string? salt)
            || !tensors.Metadata.TryGetValue("sizes", out string? sizes))
        {
            throw new CheckpointException($"'{path}' is no golden file: its metadata needs network, salt and sizes");
        }
        try
        {
            using JsonDocument json = JsonDocument.Parse(sizes);
            GoldenCase[] cases = [.. json.RootElement.EnumerateObject().Select(size => ReadCase(size, tensors))];
            if (cases.Length == 0) throw new FormatException("no case");
            return new GoldenFile(tensors, network, salt, cases);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or IndexOutOfRangeException)
        {
            throw new CheckpointException($"'{path}' is no golden file: its sizes are {sizes}", e);
        }
    }

    /// <summary>The case with this tag.</summary>
    public GoldenCase Case(string tag) =>
        Cases.FirstOrDefault(c => c.Tag == tag)
        ?? throw new CheckpointException(
            $"the golden file of '{Network}' has no case '{tag}', but {string.Join(", ", Cases.Select(c => c.Tag))}");

    /// <summary>The case's normalised input, n x 3 x h x w.</summary>
    public float[] Input(GoldenCase goldenCase) =>
        SyntheticWeights.Input(Salt, goldenCase.Tag, goldenCase.N, goldenCase.H, goldenCase.W);

    /// <summary>
    /// The expected values of <c>output</c>, <c>input</c> or a tap such as <c>encoder.f1</c>; a large tap holds samples.
    /// </summary>
    public float[] Expected(GoldenCase goldenCase, string name) => Tensor(goldenCase, name).Read();

    /// <summary>
    /// Compares a whole tensor, in NCHW order, with what is expected of it; a large tap is sampled first.
    /// </summary>
    public GoldenDifference Compare(GoldenCase goldenCase, string name, ReadOnlySpan<float> actual)
    {
        Parameter tensor = Tensor(goldenCase, name);
        float[] expected = tensor.Read();
        if (actual.Length > SampledAbove && tensor.Dims is [Samples])
            actual = Sample(actual);
        if (actual.Length != expected.Length)
            throw new ShapeException($"'{goldenCase.Tag}/{name}' of '{Network}' has {expected.Length} values, {actual.Length} were given");
        return GoldenDifference.Of(expected, actual);
    }

    /// <summary>The elements that a golden file keeps of a large tap: element (i * n) / 2048.</summary>
    public static float[] Sample(ReadOnlySpan<float> values)
    {
        float[] samples = new float[Samples];
        for (int i = 0; i < Samples; i++)
            samples[i] = values[(int)((long)i * values.Length / Samples)];
        return samples;
    }

    private static GoldenCase ReadCase(JsonProperty size, StateDict tensors)
    {
        string prefix = $"{size.Name}/";
        string[] names = [.. tensors.Select(tensor => tensor.Key).Where(key => key.StartsWith(prefix, StringComparison.Ordinal))
            .Select(key => key[prefix.Length..])];
        return new GoldenCase(size.Name, size.Value[0].GetInt32(), size.Value[1].GetInt32(), size.Value[2].GetInt32(), names);
    }

    private Parameter Tensor(GoldenCase goldenCase, string name) =>
        _tensors.TryGet($"{goldenCase.Tag}/{name}", out Parameter? tensor)
            ? tensor
            : throw new CheckpointException(
                $"the golden file of '{Network}' has no '{goldenCase.Tag}/{name}', but {string.Join(", ", goldenCase.Names)}");
}

/// <summary>One input of a golden file and what is known of its way through the network.</summary>
/// <param name="Tag">The case's name, such as <c>small</c>.</param>
/// <param name="N">Images in the batch.</param>
/// <param name="H">Height in pixels.</param>
/// <param name="W">Width in pixels.</param>
/// <param name="Names">The tensors there are: <c>output</c>, and for some cases <c>input</c> and taps.</param>
internal sealed record GoldenCase(string Tag, int N, int H, int W, IReadOnlyList<string> Names);

/// <summary>How far a tensor is from what was expected; a NaN counts as infinitely far.</summary>
/// <param name="Max">The largest absolute difference.</param>
/// <param name="Mean">The mean absolute difference.</param>
/// <param name="Magnitude">The largest expected magnitude, for bounds that are relative to it.</param>
internal sealed record GoldenDifference(double Max, double Mean, double Magnitude)
{
    internal static GoldenDifference Of(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        double max = 0, sum = 0, magnitude = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            double difference = Math.Abs((double)expected[i] - actual[i]);
            if (double.IsNaN(difference))
                difference = double.PositiveInfinity;
            max = Math.Max(max, difference);
            sum += difference;
            magnitude = Math.Max(magnitude, Math.Abs(expected[i]));
        }
        return new GoldenDifference(max, expected.IsEmpty ? 0 : sum / expected.Length, magnitude);
    }
}
