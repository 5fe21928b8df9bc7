using System.Text.Json;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Weights;
using LungSeg.Imaging;
using LungSeg.Models;

namespace LungSeg.Cli.Tests;

public sealed class VerifyCommandTests : IDisposable
{
    private static readonly string[] DumpedTaps = ["encoder._bn0", "encoder._blocks.3", "decoder.fpa", "decoder", "segmentation_head.0"];

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_golden_file_holds()
    {
        Run run = Lungseg.Process(["verify", Repository.Golden("pan"), "--threads", "2"]).Succeeded();
        Assert.Contains("pan: all 9 tensors pass", run.Output);
        JsonElement json = Lungseg.Run("verify", Repository.Golden("pan"), "--json").Succeeded().Json[0];
        Assert.True(json.GetProperty("holds").GetBoolean());
        Assert.All(json.GetProperty("tensors").EnumerateArray(), t => Assert.True(t.GetProperty("max").GetDouble() < 1e-3));
    }

    [Fact]
    public void The_first_tensor_that_diverges_is_named_and_the_exit_code_is_1()
    {
        string changed = Change(Repository.Golden("pan"), "small/encoder.f4", p => p.Read().Select(v => v + 0.1f).ToArray());
        string both = Change(changed, "small/encoder.f2", p => [.. p.Read()[..^1], float.NaN]);
        Run run = Lungseg.Run("verify", both);
        Assert.Equal(1, run.Exit);
        Assert.Contains("small/encoder.f2 diverges first", run.Output);
        JsonElement json = Lungseg.Run("verify", both, "--json").Json[0];
        Assert.Equal("small/encoder.f2", json.GetProperty("diverges_first").GetString());
    }

    [Fact]
    public void A_golden_file_with_a_wrong_shape_is_refused()
    {
        string state = Change(Repository.Golden("pan"), "state/encoder._bn0.running_mean", p => p.Read()[..^1]);
        Lungseg.Run("verify", state).Refused("encoder._bn0.running_mean");
        string output = Change(Repository.Golden("pan"), "small/output", p => p.Read()[..^1]);
        Lungseg.Run("verify", output).Refused("small/output");
        string size = Copy(Repository.Golden("pan"), p => p, m => m["sizes"] = """{"small": [1, 100, 100]}""");
        Lungseg.Run("verify", size).Refused("100 x 100");
        string network = Copy(Repository.Golden("pan"), p => p, m => m["network"] = "unet");
        Lungseg.Run("verify", network).Refused("belongs to another network");
        Lungseg.Run("verify", Repository.Pan).Refused("no golden file");
    }

    [Fact]
    public void One_unreadable_golden_file_among_others_is_exit_1()
    {
        Run run = Lungseg.Run("verify", Repository.Golden("pan"), _directory["missing.safetensors"]);
        Assert.Equal(1, run.Exit);
        Assert.Contains("missing.safetensors", run.Error);
        Assert.Contains("pan: all 9", run.Output);
    }

    [Fact]
    public void A_dump_of_the_same_network_holds_and_says_which_taps_fusion_swallowed()
    {
        string dump = Dump("tap/");
        Run run = Lungseg.Run("verify", dump, "--weights", Repository.Pan, "--report", _directory["report.html"]).Succeeded();
        Assert.Contains("all 6 tensors pass", run.Output);
        Assert.Contains("unfused", run.Output);
        string html = File.ReadAllText(_directory["report.html"]);
        Assert.Equal(3, html.Split("data:image/png;base64,").Length - 1);
        Assert.DoesNotContain("http", html);

        JsonElement tensors = Lungseg.Run("verify", dump, "--weights", Repository.Pan, "--taps", "decoder*", "--json")
            .Succeeded().Json[0]
            .GetProperty("tensors");
        Assert.Equal(["decoder.fpa", "decoder", "output"], tensors.EnumerateArray().Select(t => t.GetProperty("name").GetString()));
    }

    [Fact]
    public void A_dump_that_differs_names_the_first_module_and_bounds_can_be_widened()
    {
        string changed = Change(Dump(""), "decoder.fpa", p => p.Read().Select(v => v * 1.01f).ToArray());
        Run run = Lungseg.Run("verify", changed, "--weights", Repository.Pan);
        Assert.Equal(1, run.Exit);
        Assert.Contains("decoder.fpa diverges first", run.Output);
        Lungseg.Run("verify", changed, "--weights", Repository.Pan, "--rtol", "0.02", "--atol", "1e-4").Succeeded();
        Assert.Equal(1, Lungseg.Run("verify", changed, "--weights", Repository.Pan, "--atol", "0").Exit);
    }

    [Fact]
    public void What_is_no_reference_is_refused()
    {
        Lungseg.Run("verify", Repository.Pan, "--weights", Repository.Pan).Refused("input and output");
        Lungseg.Run("verify", Repository.Golden("pan"), "--report", "x.html").Refused("--weights");
        string dump = Dump("");
        Lungseg.Run("verify", dump, "--weights", Repository.Pan, "--taps", "nothing*").Refused("'nothing*'");
        string misshapen = Change(dump, "decoder", p => p.Read()[..^1]);
        Lungseg.Run("verify", misshapen, "--weights", Repository.Pan).Refused("decoder");
    }

    [Fact]
    public void Masks_in_int8_are_compared_with_those_in_float32_image_by_image()
    {
        string other = _directory["in/other.png"];
        Directory.CreateDirectory(_directory["in"]);
        File.Copy(Repository.Sample, other);
        Run run = Lungseg.Run("verify", _directory["in"], Repository.Sample, "--precision", "int8").Succeeded();
        Assert.Contains("pan in int8 (pan.int8.safetensors)", run.Output);
        Assert.Matches(@"other\.png +0\.99\d\d", run.Output);
        Assert.Matches(@"pan: masks agree 0\.99\d\d in the mean, 0\.99\d\d in the least", run.Output);
        JsonElement json = Lungseg.Run("verify", other, "--precision", "int8", "--json").Succeeded().Json[0];
        Assert.True(json.GetProperty("holds").GetBoolean());
        Assert.Equal("pan.safetensors", json.GetProperty("against").GetString());
        double agreement = Assert.Single(json.GetProperty("images").EnumerateArray()).GetProperty("agreement").GetDouble();
        Assert.InRange(agreement, 0.995, 1);
        Assert.Equal(agreement, json.GetProperty("agreement").GetProperty("mean").GetDouble());

        File.WriteAllText(_directory["broken.png"], "");
        Run partly = Lungseg.Run("verify", other, _directory["broken.png"], "--precision", "int8");
        Assert.Equal(1, partly.Exit);
        Assert.Contains("broken.png", partly.Error);
    }

    [Fact]
    public void Masks_in_int8_are_compared_with_those_of_a_dump()
    {
        string dump = ImageDump(values => values);
        Run run = Lungseg.Run("verify", dump, "--precision", "int8", "--weights", Quantized).Succeeded();
        Assert.Contains("against the recorded output", run.Output);
        Assert.Contains("pan: masks agree 0.99", run.Output);
        Run wrong = Lungseg.Run("verify", ImageDump(values => [.. values.Select(value => 1 - value)]), "--precision", "int8");
        Assert.Equal(1, wrong.Exit);
        Assert.Contains("in the mean, 0.995 is the least", wrong.Output);
        string logits = ImageDump(values => [.. values.Select(value => value - 0.5f)]);
        Lungseg.Run("verify", logits, "--precision", "int8").Refused("probabilities expected in the output");
    }

    [Fact]
    public void What_masks_in_int8_cannot_be_compared_with_is_refused()
    {
        Lungseg.Run("verify", Repository.Golden("pan"), "--precision", "int8").Refused("say nothing about int8");
        Lungseg.Run("verify", Repository.Sample, "--precision", "int8", "--atol", "1").Refused("--atol is about numbers");
        Lungseg.Run("verify", Repository.Sample, "--precision", "int8", "--weights", Repository.Pan).Refused("no quantised weights");
        Lungseg.Run("verify", Dump(""), "--weights", Quantized).Refused("--precision int8 compares its masks");
        // Of other weights than those in the weights folder.
        byte[] bytes = File.ReadAllBytes(Quantized);
        int hash = bytes.AsSpan().IndexOf("source_sha256\":\""u8) + 16;
        bytes[hash] = bytes[hash] == (byte)'0' ? (byte)'1' : (byte)'0';
        File.WriteAllBytes(_directory["other.int8.safetensors"], bytes);
        Lungseg.Run("verify", Repository.Sample, "--precision", "int8", "--weights", _directory["other.int8.safetensors"])
            .Refused("does not have the weights that other.int8.safetensors was made of");
    }

    private static string Quantized => Repository.PathOf("weights", "pan.int8.safetensors");

    /// <summary>An X-ray's input and what the network in float32 makes of it, changed.</summary>
    private string ImageDump(Func<float[], float[]> change)
    {
        const int Side = 256;
        NetworkWeights weights = NetworkWeights.Open(null, Repository.Pan);
        float[] input = new Preprocess(weights.Network, SegmentationMode.Native, Side).Apply(ImageReader.Read(Repository.Sample));
        using var backend = new CpuBackend();
        using Model model = backend.Load(weights.Network.Load(weights.StateDict, 1, Side, Side));
        using Plan plan = model.Plan(1, Side, Side);
        plan.Input.CopyFrom(input);
        plan.Execute();
        float[] output = change(plan.Output.ToArray());
        string path = _directory[$"{Path.GetRandomFileName()}.safetensors"];
        Safetensors.Write(path, [new("input", [1, 3, Side, Side], () => input), new("output", [1, 1, Side, Side], () => output)]);
        return path;
    }

    /// <summary>What another implementation, the plain loops of the reference backend, computes without any fusion.</summary>
    private string Dump(string prefix)
    {
        const int Side = 128;
        NetworkWeights weights = NetworkWeights.Open(null, Repository.Pan);
        Graph graph = weights.Network.Record(new StrictWeights(weights.StateDict), 1, Side, Side);
        float[] input = SyntheticWeights.Input("dump", "native", 1, Side, Side);
        using var backend = new ReferenceBackend();
        using Model model = backend.Load(graph, new LoadOptions { Taps = DumpedTaps, Fuse = false });
        using Plan plan = model.Plan(1, Side, Side);
        plan.Input.CopyFrom(input);
        plan.Execute();
        string[] names = ["output", .. DumpedTaps.Select(tap => prefix + tap)];
        string path = _directory[$"dump{prefix.Length}.safetensors"];
        Safetensors.Write(path, [
            new Parameter("input", [1, 3, Side, Side], () => input),
            .. names.Zip(
                plan.Outputs,
                (name, buffer) => new Parameter(name, [buffer.Shape.N, buffer.Shape.C, buffer.Shape.H, buffer.Shape.W], buffer.ToArray)),
        ]);
        return path;
    }

    private string Change(string path, string key, Func<Parameter, float[]> change) => Copy(
        path,
        p =>
        {
            if (p.Key != key) return p;
            float[] values = change(p);
            return new Parameter(key, values.Length == p.Count ? p.Dims : [values.Length], () => values);
        },
        _ => { });

    private string Copy(string path, Func<Parameter, Parameter> change, Action<Dictionary<string, string>> annotate)
    {
        StateDict source = Safetensors.Read(path);
        var metadata = new Dictionary<string, string>(source.Metadata);
        annotate(metadata);
        string copy = _directory[$"{Path.GetRandomFileName()}.safetensors"];
        Safetensors.Write(copy, source.Select(change), metadata);
        return copy;
    }
}
