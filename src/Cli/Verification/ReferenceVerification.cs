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
    private const double Tap = 1e-3, Floor = 1e-6;

    public double Of(string name, double magnitude, string network, Precision precision) => (Absolute, Relative) switch
    {
        (null, null) => name == TapRun.Output ? PrecisionBounds.Of(network, precision).Max
            : precision == Precision.Float32 ? Math.Max(Floor, Tap * magnitude)
            : double.PositiveInfinity,
        _ => (Absolute ?? 0) + ((Relative ?? 0) * magnitude),
    };
}

/// <summary>Compares a network with real weights, module by module, with the results of a user's PyTorch.</summary>
internal static class ReferenceVerification
{
    private const string AllTaps = "all";

    /// <summary>Returns the checks, and the output's expected and actual values for an image of the error.</summary>
    public static (VerificationResult Result, float[] Expected, Tap Output) Run(
        string file, NetworkWeights weights, IBackend backend, string pattern, Tolerance tolerance)
    {
        ReferenceFile reference = ReferenceFile.Read(file);
        Shape shape = reference.InputShape;
        Architecture network = weights.Network;
        network.CheckSize(shape);
        network.Load(weights.StateDict);
        Graph graph = network.Record(new StrictWeights(weights.StateDict), shape.N, shape.H, shape.W);

        string[] known = [.. reference.Taps.Keys.Where(graph.Taps.ContainsKey)];
        string[] asked =
            [.. known.Where(path => pattern == AllTaps || FileSystemName.MatchesSimpleExpression(pattern, path, ignoreCase: false))];
        if (asked.Length == 0 && pattern != AllTaps)
        {
            throw new UsageException($"no module of both {network.Name} and '{file}' matches '{pattern}'; there are "
                + $"{string.Join(", ", known.Take(10))}{(known.Length > 10 ? ", …" : "")}");
        }

        var checks = new List<Check>();
        Tap? output = null;
        foreach (Tap tap in new TapRun(backend, graph, reference.Input.Read()).Run(asked))
        {
            if (tap.Path == TapRun.Output && output is null)
            {
                output = tap;
                continue;
            }
            checks.Add(Compare(tap, Expected(tap, reference.Taps[tap.Path], file), Allowed));
        }
        Dictionary<string, Check> byPath = checks.ToDictionary(check => check.Name);
        checks = [.. TapRun.InOrder(graph, asked).Select(path => byPath[path])];
        float[] expected = Expected(output!, reference.Output, file);
        checks.Add(Compare(output!, expected, Allowed));
        var result = new VerificationResult(
            file, network.Key, backend.Description, checks, [.. reference.Taps.Keys.Except(known).Order(StringComparer.Ordinal)]);
        return (result, expected, output!);

        double Allowed(string name, double magnitude) => tolerance.Of(name, magnitude, network.Key, backend.Precision);
    }

    private static Check Compare(Tap tap, float[] expected, Func<string, double, double> allowed)
    {
        TensorError error = TensorError.Of(expected, tap.Values);
        return new Check(tap.Path, tap.Shape, error, allowed(tap.Path, error.Magnitude), tap.Unfused);
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
    private readonly Dictionary<string, int> _calls = new(StringComparer.Ordinal);

    private ReferenceFile(Parameter input, Parameter output, Shape inputShape) => (Input, Output, InputShape) = (input, output, inputShape);

    public Parameter Input { get; }

    public Parameter Output { get; }

    public Shape InputShape { get; }

    /// <summary>Modules' results by path; of a module that ran several times the last, which is what our taps hold.</summary>
    public IReadOnlyDictionary<string, Parameter> Taps => _taps;

    public static ReferenceFile Read(string path)
    {
        StateDict tensors = Safetensors.Read(path);
        if (!tensors.TryGet(InputName, out Parameter? input) || !tensors.TryGet(TapRun.Output, out Parameter? output))
        {
            throw new CheckpointException($"'{path}' is not a dump: it needs the tensors input and output, which tools/dump_reference.py "
                + "and tools/torch_twin.py write");
        }
        if (input.Dims is not [> 0, > 0, > 0, > 0])
        {
            throw new CheckpointException(
                $"'{path}': an input of four dimensions N, C, H, W expected, [{string.Join(", ", input.Dims)}] found");
        }
        var reference = new ReferenceFile(input, output, new Shape(input.Dims[0], input.Dims[1], input.Dims[2], input.Dims[3]));
        foreach (Parameter tensor in tensors.Where(tensor => tensor.Key is not (InputName or TapRun.Output))) reference.Add(tensor);
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
