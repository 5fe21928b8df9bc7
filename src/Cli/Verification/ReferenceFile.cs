using System.Globalization;
using System.Text.RegularExpressions;
using LungSeg.Engine;
using LungSeg.Engine.Weights;

namespace LungSeg.Cli.Verification;

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
            throw new CheckpointException($"'{path}' is no reference: it needs the tensors input and output, as tools/dump_reference.py and tools/torch_twin.py write them");
        if (input.Dims is not [> 0, > 0, > 0, > 0])
            throw new CheckpointException($"'{path}': an input of four dimensions N, C, H, W expected, [{string.Join(", ", input.Dims)}] found");
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
