using System.Globalization;
using System.IO.Enumeration;
using System.Text.RegularExpressions;
using LungSeg.Engine;
using LungSeg.Engine.Weights;
using LungSeg.Models;

namespace LungSeg.Cli.Verification;

/// <summary>
/// The allowed error: by default the output's bound in the backend's precision, and in float32 a thousandth of a module's largest
/// magnitude; or the user's own bounds.
/// </summary>
/// <param name="Absolute">Allowed in any case; null for the default.</param>
/// <param name="Relative">Allowed on top, times the tensor's largest expected magnitude; null for the default.</param>
internal sealed record Tolerance(double? Absolute, double? Relative)
{
    private const double Tap = 1e-3, Floor = 1e-6, Logits = 5e-4, Coarse = 50;

    public double Of(string name, double magnitude, string network, Precision precision) => (Absolute, Relative) switch
    {
        (null, null) => name == TapRun.Output ? PrecisionBounds.Of(network, precision).Max
            : precision == Precision.Float32 ? Math.Max(Floor, Tap * magnitude)
            : double.PositiveInfinity,
        _ => (Absolute ?? 0) + ((Relative ?? 0) * magnitude),
    };

    /// <summary>
    /// What is allowed for sums without an activation: a share of their deviation, which is the bound of the facts in tests/data/smp.
    /// </summary>
    public double OfLogits(double magnitude, float[] expected, Precision precision) => (Absolute, Relative) switch
    {
        (null, null) when precision != Precision.Float32 => Tap * Coarse * magnitude,
        (null, null) => expected.Length > 1 ? Logits * Deviation(expected) : Tap * magnitude,
        _ => (Absolute ?? 0) + ((Relative ?? 0) * magnitude),
    };

    private static double Deviation(float[] values)
    {
        double mean = values.Average(value => (double)value);
        return Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
    }
}

/// <summary>Compares a network with real weights, module by module, with the results of a user's PyTorch.</summary>
internal static class ReferenceVerification
{
    private const string AllTaps = "all";

    /// <summary>
    /// Returns the checks, and the output's expected and actual values for an image of the error. Where names and shapes of the weights fit
    /// several networks alike, the one that holds counts, and the result says which options choose it.
    /// </summary>
    public static (VerificationResult Result, float[] Expected, Tap Output) Run(
        string file, NetworkWeights weights, IBackend backend, string pattern, Tolerance tolerance)
    {
        ReferenceFile reference = ReferenceFile.Read(file);
        var chosen = new List<string>();
        if (Scaled(weights, reference) is { } scaled)
        {
            weights = scaled.Weights;
            chosen.Add(Text(scaled.Option));
        }
        (VerificationResult Result, float[] Expected, Tap Output) first = RunOne(file, reference, weights, backend, pattern, tolerance);
        if (!first.Result.Holds)
        {
            foreach ((NetworkWeights other, IReadOnlyList<KeyValuePair<string, string>> options) in weights.Alternatives())
            {
                if (!other.Network.Takes(reference.InputShape)) continue;
                if (!RunOne(file, reference, other, backend, null, tolerance).Result.Holds) continue;
                first = RunOne(file, reference, other, backend, pattern, tolerance);
                chosen.AddRange(options.Select(Text));
                break;
            }
        }
        return first with { Result = first.Result with { Options = chosen } };
    }

    private static string Text(KeyValuePair<string, string> option) => $"{option.Key}={option.Value}";

    // A mask of another height than the network's has another upsampling, which no weight tells.
    private static (NetworkWeights Weights, KeyValuePair<string, string> Option)? Scaled(NetworkWeights weights, ReferenceFile reference)
    {
        Shape mask = Load(weights, reference).Outputs[0].Shape;
        return reference.Outputs[TapRun.Output].Dims is [_, _, int height, _] && height != mask.H ? weights.Scaled(mask.H, height) : null;
    }

    private static Graph Load(NetworkWeights weights, ReferenceFile reference)
    {
        Shape shape = reference.InputShape;
        weights.Network.CheckSize(shape);
        return weights.Network.Load(weights.StateDict, shape.N, shape.H, shape.W);
    }

    // Without a pattern the outputs alone are compared.
    private static (VerificationResult Result, float[] Expected, Tap Output) RunOne(
        string file, ReferenceFile reference, NetworkWeights weights, IBackend backend, string? pattern, Tolerance tolerance)
    {
        Architecture network = weights.Network;
        Graph graph = Load(weights, reference);
        string[] known = [.. reference.Taps.Keys.Where(graph.Taps.ContainsKey)];
        string[] asked = pattern is null ? []
            : [.. known.Where(path => pattern == AllTaps || FileSystemName.MatchesSimpleExpression(pattern, path, ignoreCase: false))];
        if (asked.Length == 0 && pattern is not (null or AllTaps))
        {
            throw new UsageException($"no module of both {network.Name} and '{file}' matches '{pattern}'; there are "
                + $"{string.Join(", ", known.Take(10))}{(known.Length > 10 ? ", …" : "")}");
        }

        var byPath = new Dictionary<string, Check>();
        var outputs = new List<Check>();
        Tap? output = null;
        float[] expected = [];
        foreach (Tap tap in new TapRun(backend, graph, reference.Input.Read()).Run(asked))
        {
            bool isOutput = TapRun.IsOutput(tap.Path);
            if (!(isOutput ? reference.Outputs : reference.Taps).TryGetValue(tap.Path, out Parameter? tensor)) continue;
            float[] values = Expected(tap, tensor, file);
            Check check = Compare(tap, values, isOutput && IsUnbounded(network, tap.Path), network.Key, backend.Precision, tolerance);
            if (isOutput) outputs.Add(check);
            else byPath[tap.Path] = check;
            if (tap.Path == TapRun.Output) (output, expected) = (tap, values);
        }
        List<Check> checks = [.. TapRun.InOrder(graph, asked).Select(path => byPath[path]), .. outputs];
        var result = new VerificationResult(
            file, network.Key, backend.Description, checks, [.. reference.Taps.Keys.Except(known).Order(StringComparer.Ordinal)])
        { Open = network.IsOfStudy ? [] : network.OpenOptions };
        return (result, expected, output!);
    }

    // What an activation keeps between 0 and 1 may be off by as much for every network; sums of any size may not.
    private static bool IsUnbounded(Architecture network, string output) =>
        (output == TapRun.Output ? network.Options.Activation : network.Options.Label?.Activation) == OutputActivation.None;

    private static Check Compare(Tap tap, float[] expected, bool isUnbounded, string network, Precision precision, Tolerance tolerance)
    {
        TensorError error = TensorError.Of(expected, tap.Values);
        double bound = isUnbounded ? tolerance.OfLogits(error.Magnitude, expected, precision)
            : tolerance.Of(tap.Path, error.Magnitude, network, precision);
        return new Check(tap.Path, tap.Shape, error, bound, tap.Unfused);
    }

    private static float[] Expected(Tap tap, Parameter tensor, string file) => tensor.Count == tap.Shape.Count
        ? tensor.Read()
        : throw new ShapeException($"'{file}': {tap.Path} is {tap.Shape} here and [{string.Join(", ", tensor.Dims)}] in the file: "
            + "the weights or the input belong to another network");
}

/// <summary>
/// What somebody's PyTorch computed: <c>input</c>, <c>output</c> and modules' results, named by their path as
/// tools/torch_twin.py writes them, or by <c>tap/</c> and their path as tools/dump_reference.py does.
/// </summary>
internal sealed partial class ReferenceFile
{
    private const string InputName = "input", Prefix = "tap/";

    private readonly Dictionary<string, Parameter> _taps = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Parameter> _outputs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _calls = new(StringComparer.Ordinal);

    private ReferenceFile(Parameter input, Shape inputShape) => (Input, InputShape) = (input, inputShape);

    public Parameter Input { get; }

    /// <summary>The outputs by the names of <see cref="TapRun.IsOutput"/>.</summary>
    public IReadOnlyDictionary<string, Parameter> Outputs => _outputs;

    public Shape InputShape { get; }

    /// <summary>Modules' results by path; of a module that ran several times the last, which is what our taps hold.</summary>
    public IReadOnlyDictionary<string, Parameter> Taps => _taps;

    public static ReferenceFile Read(string path)
    {
        StateDict tensors = Safetensors.Read(path);
        // A model that returns several has output.0, output.1 and so on.
        const string FirstOfSeveral = $"{TapRun.Output}.0";
        bool hasOutput = tensors.TryGet(TapRun.Output, out _) || tensors.TryGet(FirstOfSeveral, out _);
        if (!tensors.TryGet(InputName, out Parameter? input) || !hasOutput)
        {
            throw new CheckpointException($"'{path}' is not a dump: it needs the tensors input and output, which tools/dump_reference.py "
                + "and tools/torch_twin.py write");
        }
        if (input.Dims is not [> 0, > 0, > 0, > 0])
        {
            throw new CheckpointException(
                $"'{path}': an input of four dimensions N, C, H, W expected, [{string.Join(", ", input.Dims)}] found");
        }
        var reference = new ReferenceFile(input, new Shape(input.Dims[0], input.Dims[1], input.Dims[2], input.Dims[3]));
        foreach (Parameter tensor in tensors.Where(tensor => tensor.Key != InputName))
        {
            if (TapRun.IsOutput(tensor.Key)) reference._outputs[tensor.Key == FirstOfSeveral ? TapRun.Output : tensor.Key] = tensor;
            else reference.Add(tensor);
        }
        return reference;
    }

    private void Add(Parameter tensor)
    {
        string name = tensor.Key.StartsWith(Prefix, StringComparison.Ordinal) ? tensor.Key[Prefix.Length..] : tensor.Key;
        int call = 1;
        if (LaterCall().Match(name) is { Success: true } later)
        {
            call = int.Parse(later.Groups[1].Value, CultureInfo.InvariantCulture);
            name = name.Remove(later.Index, later.Length);
        }
        // A list of features that the encoder module returns.
        name = Feature().Replace(name, "encoder.f$1");
        if (_calls.TryGetValue(name, out int known) && known > call) return;
        _calls[name] = call;
        _taps[name] = tensor;
    }

    [GeneratedRegex(@"@(\d{1,6})(?=\.|$)")]
    private static partial Regex LaterCall();

    [GeneratedRegex(@"^encoder\.(\d)$")]
    private static partial Regex Feature();
}
