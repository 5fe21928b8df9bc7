using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Tests.Weights.Torch;
using LungSeg.Engine.Weights;
using LungSeg.Models;
using LungSeg.Models.Tests;

namespace LungSeg.Cli.Tests;

/// <summary>
/// A user's way with a checkpoint of segmentation_models_pytorch that says nothing of its network: <c>convert FILE</c>, then
/// <c>verify DUMP --weights FILE --option activation=none</c>, each in a process of its own. Files are as torch.save writes them, in the
/// forms that training scripts have.
/// </summary>
public sealed class SmpCheckpointTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    /// <summary>How a checkpoint is saved.</summary>
    private enum Form { StateDict, OtherOrder, DataParallel, Lightning, WithAverages, HalfPrecision }

    [Fact]
    public void A_network_without_a_word_beside_its_weights_is_converted_and_verified() =>
        Assert.Equal([], Failures("FPN efficientnet-b0 .*cat"));

    /// <summary>The pairs of tests/data/smp, one of each family and option at least: by tests/long.sh and tests/peers.sh.</summary>
    [Fact(Explicit = true)]
    public void Networks_of_each_family_are_converted_and_verified() =>
        Assert.Equal([], Failures(Environment.GetEnvironmentVariable("LUNGSEG_SMP") ?? ""));

    private List<string> Failures(string pattern)
    {
        var failures = new List<string>();
        SmpPair[] pairs = [.. SmpPair.All(Repository.PathOf("tests", "data", "smp", "pairs.jsonl.gz"))
            .Where(pair => pair.Refused is null && Regex.IsMatch(pair.Name, pattern))];
        Assert.NotEmpty(pairs);
        Form[] forms = Enum.GetValues<Form>();
        for (int i = 0; i < pairs.Length; i++)
        {
            Form form = forms[i % forms.Length];
            string? failure = Failure(pairs[i], form);
            Console.WriteLine($"{failure ?? "ok"} {pairs[i].Name} {form}");
            if (failure is not null) failures.Add($"{pairs[i].Name}, {form}: {failure}");
        }
        return failures;
    }

    private string? Failure(SmpPair pair, Form form)
    {
        string checkpoint = _directory["x.pth"], weights = _directory["y.safetensors"], dump = _directory["z.safetensors"];
        if (Save(pair, form, checkpoint, dump) is string failure) return failure;
        string[] part = form == Form.WithAverages ? ["--part", "ema"] : [];
        Run run = Lungseg.Process(["convert", checkpoint, "-o", weights, "--force", .. part]);
        if (run.Exit != 0) return $"convert: {run.Error}{run.Output}";
        run = Lungseg.Process(["verify", dump, "--weights", weights, "--option", "activation=none"]);
        return run.Exit == 0 ? null : $"verify: {run.Error}{run.Output}";
    }

    /// <summary>Writes the checkpoint and what the network makes of it; an error if the network is not the library's.</summary>
    private static string? Save(SmpPair pair, Form form, string checkpoint, string dump)
    {
        var recorder = new LayoutRecorder();
        pair.Build().Build(recorder);
        IWeightSource source = pair.Weights(recorder.Asked.Select(asked => asked.Key));
        if (form == Form.HalfPrecision) source = new Halves(source);
        Parameter[] parameters = [.. recorder.Asked.Select(asked => source.Get(asked.Key, [.. asked.Dims]).WithKey(pair.Saved(asked.Key)))];
        File.WriteAllBytes(checkpoint, Pickled(parameters, form));

        IReadOnlyList<int> shape = pair.Input;
        Graph graph = Graph.Record(new Shape(shape[0], shape[1], shape[2], shape[3]), pair.Build().Build(source));
        using var backend = new CpuBackend();
        using Model model = backend.Load(graph);
        using Plan plan = model.Plan(shape[0], shape[2], shape[3]);
        plan.Input.CopyFrom(pair.Image());
        plan.Execute();
        float[][] outputs = [.. plan.Outputs.Select(output => output.ToArray())];
        double error = pair.Error(outputs[0]);
        if (form != Form.HalfPrecision && !(error <= 5e-4)) return $"off by {error:g3} of the deviation";
        Safetensors.Write(dump, [
            new Parameter("input", [.. shape], pair.Image),
            .. outputs.Select((output, i) => new Parameter(
                outputs.Length == 1 ? "output" : $"output.{i}", i == 0 ? [.. pair.Output] : [1, output.Length], () => output)),
        ]);
        return null;
    }

    private static byte[] Pickled(Parameter[] parameters, Form form)
    {
        PickleWriter pickle = PickleWriter.Protocol(2).Op('}').Op('(');
        var records = new List<(string, byte[])> { ("data/0", BitConverter.GetBytes(700L)) };
        foreach (string part in Parts(form))
        {
            if (part.Length > 0) pickle.Text(part).Op('}').Op('(');
            string before = form switch { Form.DataParallel => "module.", Form.Lightning => "model.", _ => "" };
            foreach (Parameter parameter in form == Form.OtherOrder ? parameters.Reverse() : parameters)
            {
                string place = $"{records.Count}";
                float[] values = parameter.Read();
                // The averages are the network, and what is beside them is not.
                if (part == "model") values = Array.ConvertAll(values, value => 1.1f * value);
                bool isHalf = form == Form.HalfPrecision;
                records.Add(($"data/{place}", isHalf ? Bytes(Array.ConvertAll(values, value => (Half)value)) : Bytes(values)));
                string type = isHalf ? "HalfStorage" : "FloatStorage";
                pickle.Text(before + parameter.Key).Tensor(type, place, values.Length, [.. parameter.Dims]);
                const string Variance = ".running_var";
                if (!parameter.Key.EndsWith(Variance)) continue;
                pickle.Text($"{before}{parameter.Key[..^Variance.Length]}.num_batches_tracked").Tensor("LongStorage", "0", 1);
            }
            if (part.Length > 0) pickle.Op('u');
        }
        if (form == Form.Lightning) pickle.Text("epoch").Int(7);
        return PickleWriter.Zip(pickle.Op('u').Stop(), records);
    }

    private static string[] Parts(Form form) => form switch
    {
        Form.Lightning => ["state_dict"],
        Form.WithAverages => ["model", "ema"],
        _ => [""],
    };

    private static byte[] Bytes<T>(T[] values) where T : unmanaged => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    // Weights that half precision holds exactly, so that nothing is lost on the way.
    private sealed class Halves(IWeightSource source) : IWeightSource
    {
        public Parameter Get(string key, ReadOnlySpan<int> dims)
        {
            Parameter exact = source.Get(key, dims);
            return new Parameter(key, exact.Dims, () => Array.ConvertAll(exact.Read(), value => (float)(Half)value));
        }
    }
}
