using System.Runtime.InteropServices;
using System.Text.Json;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Weights;
using LungSeg.Models.Encoders;

namespace LungSeg.Models.Tests;

/// <summary>Encoders, decoders and options of segmentation_models_pytorch against the real packages.</summary>
public sealed class SmpTests
{
    private static readonly string Pairs = TestData.PathOf("smp", "pairs.jsonl.gz");

    public static TheoryData<string> EncoderNames => [.. SmpData.Encoders.Where(line => !IsSkipped(line)).Select(Name)];

    [Theory, MemberData(nameof(EncoderNames))]
    public void An_encoder_has_the_library_s_names_shapes_and_channels(string name)
    {
        JsonElement line = SmpData.Encoders.Single(line => Name(line) == name);
        string encoder = line.GetProperty("encoder").GetString()!;
        var recorder = new LayoutRecorder();
        string ours = line.GetProperty("library").GetString() == "0.1.3" ? $"{encoder}-0.3" : encoder;
        Encoder built = EncoderTable.All[ours].Build(new WeightScope(recorder), new EncoderOptions());
        string[] keys = [.. recorder.Asked.Select(parameter => SmpData.Entry(parameter.Key, parameter.Dims))];
        Assert.Equal(SmpData.Keys(line), keys);
        Assert.Equal(line.GetProperty("out_channels").EnumerateArray().Select(channels => channels.GetInt32()), built.OutChannels);
    }

    [Fact]
    public void Images_are_prepared_as_the_library_s_published_weights_were_trained()
    {
        using JsonDocument facts = JsonDocument.Parse(File.ReadAllText(TestData.PathOf("smp", "preprocessing.json")));
        foreach (JsonElement set in facts.RootElement.EnumerateArray())
        {
            float[] Values(string name) => [.. set.GetProperty(name).EnumerateArray().Select(value => value.GetSingle())];
            foreach (JsonElement item in set.GetProperty("encoders").EnumerateArray())
            {
                string[] parts = item.GetString()!.Split(':');
                var normalisation = InputNormalisation.Of(parts[0], parts[1]);
                Assert.Equal(Values("mean"), normalisation.Mean);
                Assert.Equal(Values("std"), normalisation.Std);
                Assert.False(normalisation.IsAssumed || normalisation.IsBgr);
            }
        }
    }

    [Fact]
    public void Chosen_pairs_are_the_library_s() => Assert.Equal([], Failures(Pairs));

    /// <summary>
    /// All pairs: hours of work, and so run by hand, by tests/long.sh. <c>LUNGSEG_SMP</c> names a part of a pair's name, to run some of them.
    /// </summary>
    [Fact(Explicit = true)]
    public void All_pairs_are_the_library_s()
    {
        string part = Environment.GetEnvironmentVariable("LUNGSEG_SMP") ?? "";
        Assert.Equal([], Failures(TestData.Shared("smp", "pairs.jsonl.gz"), name => System.Text.RegularExpressions.Regex.IsMatch(name, part)));
    }

    /// <summary>What is wrong with the pairs of a file, a line each.</summary>
    internal static IReadOnlyList<string> Failures(string path, Func<string, bool>? wanted = null)
    {
        var failures = new List<string>();
        foreach (JsonElement pair in SmpData.Lines(path))
        {
            string name = $"{pair.GetProperty("library")} {pair.GetProperty("architecture")} {pair.GetProperty("encoder")} {pair.GetProperty("options")}";
            if (wanted is not null && !wanted(name)) continue;
            try
            {
                if (Failure(pair) is string failure) failures.Add($"{name}: {failure}");
                else if (wanted is not null) Console.WriteLine($"ok {name}");
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                failures.Add($"{name}: {e.GetType().Name} {e.Message}");
            }
            if (wanted is not null && failures.Count > 0) Console.WriteLine(failures[^1]);
        }
        return failures;
    }

    private static string? Failure(JsonElement pair)
    {
        using IBackend backend = Backend();
        return Failure(pair, backend, out _);
    }

    /// <summary>What is wrong with a pair on a backend; null for nothing. The error is in deviations of the output.</summary>
    internal static string? Failure(JsonElement pair, IBackend backend, out double error)
    {
        error = double.NaN;
        string library = pair.GetProperty("library").GetString()!, architecture = pair.GetProperty("architecture").GetString()!;
        string encoder = pair.GetProperty("encoder").GetString()!;
        bool old = library != "0.6.0";
        // What 0.6.0 takes from timm by an older name is timm's own encoder.
        if (!old && encoder.StartsWith("timm-regnet")) encoder = $"tu-{encoder["timm-".Length..]}";
        NetworkOptions options = SmpData.Options(library, architecture, encoder, pair.GetProperty("options"));
        Network network;
        try
        {
            network = new Network(architecture, encoder, options);
        }
        catch (Exception e) when (e is ArgumentException or UnknownNetworkException)
        {
            return pair.TryGetProperty("refused", out _) ? null : e.Message;
        }
        if (pair.TryGetProperty("refused", out JsonElement refused)) return $"not refused: {refused}";
        var recorder = new LayoutRecorder();
        network.Build(recorder);
        LayoutEntry[] layout = [.. recorder.Asked.Select(parameter => new LayoutEntry(parameter.Key, parameter.Dims, true))];
        Func<string, string> saved = key => !old && architecture == "DeepLabV3" ? NewName(key) : key;
        string listing = SmpData.Listing(layout.Select(entry => entry with { Key = saved(entry.Key) }));
        if (listing != pair.GetProperty("listing").GetString()) return $"other weights: {layout.Length}, the library has {pair.GetProperty("tensors")}";
        var inferred = NetworkInference.Of(
            LibraryNames.Find(new StateDict(recorder.Asked.Select(parameter => parameter.WithKey(saved(parameter.Key))))).Weights);
        // What leaves no trace is not inferred.
        if (inferred is null || inferred.Architecture != architecture || !Encoders(recorder, saved).Contains(encoder))
            return $"taken for {inferred?.Architecture} {inferred?.Encoder}";
        string expected = NetworkOptionNames.ToText(Traced(architecture, options)), told = NetworkOptionNames.ToText(Traced(architecture, inferred.Options));
        if (expected != told) return $"options taken for {told}, not {expected}";
        int[] shape = [.. pair.GetProperty("input").EnumerateArray().Select(size => size.GetInt32())];
        var weights = new SmpWeights(layout.Select(entry => entry.Key), [.. pair.GetProperty("batchnorm").EnumerateArray().Select(e => e.GetInt32())], saved);
        Graph graph = Graph.Record(new Shape(shape[0], shape[1], shape[2], shape[3]), network.Build(weights));
        using Model model = backend.Load(graph);
        using Plan plan = model.Plan(shape[0], shape[2], shape[3]);
        plan.Input.CopyFrom(SyntheticWeights.Input("smp/", "small", shape[0], shape[2], shape[3], shape[1]));
        plan.Execute();
        float[] output = plan.Outputs[0].ToArray();
        int[] expectedShape = [.. pair.GetProperty("output").EnumerateArray().Select(size => size.GetInt32())];
        Shape found = plan.Outputs[0].Shape;
        if (!expectedShape.SequenceEqual([found.N, found.C, found.H, found.W])) return $"output {found}";
        float[] samples = MemoryMarshal.Cast<byte, float>(pair.GetProperty("samples").GetBytesFromBase64()).ToArray();
        double largest = samples.Select((sample, i) => Math.Abs((double)sample - output[(long)i * output.Length / samples.Length])).Max();
        error = largest / pair.GetProperty("std").GetDouble();
        if (!(error <= 5e-4)) return $"off by {error:g3} of the deviation";
        if (!pair.TryGetProperty("label", out JsonElement label)) return null;
        float[] labels = plan.Outputs[1].ToArray();
        return label.EnumerateArray().Select((value, i) => Math.Abs(value.GetDouble() - labels[i])).Max() > 1e-3 ? "another label" : null;
    }

    private static IReadOnlyList<string> Encoders(LayoutRecorder recorder, Func<string, string> saved) => NetworkInference.EncodersOf(
        LibraryNames.Find(new StateDict(recorder.Asked.Select(parameter => parameter.WithKey(saved(parameter.Key))))).Weights)!.Value.Names;

    // Options that leave a trace in names and shapes, those spelt out that the network has by default.
    private static NetworkOptions Traced(string architecture, NetworkOptions options)
    {
        int depth = options.EncoderDepth ?? (architecture == "PSPNet" ? 3 : 5);
        bool blocks = architecture is "Unet" or "UnetPlusPlus" or "MAnet";
        int[]? one = architecture switch { "PAN" => [32], "DeepLabV3" or "DeepLabV3Plus" or "UPerNet" => [256], _ => null };
        return options with
        {
            Activation = OutputActivation.Sigmoid,
            EncoderDepth = depth,
            EncoderOutputStride = null,
            DecoderChannels = options.DecoderChannels ?? (blocks ? [256, 128, 64, 32, 16] : one),
            BilinearDecoder = false,
            AtrousRates = new NetworkOptions().AtrousRates,
            AsppSeparable = architecture.StartsWith("DeepLab") ? options.AsppSeparable ?? architecture == "DeepLabV3Plus" : null,
            Upsampling = null,
            EfficientNetPadding = EfficientNetPadding.OfLayer,
            KeepsUnusedStages = true,
        };
    }

    private static IBackend Backend() => Environment.GetEnvironmentVariable("LUNGSEG_SMP_REFERENCE") is null
        ? new CpuBackend() : new Engine.Backends.Reference.ReferenceBackend();

    private static string NewName(string key) => key
        .Replace("decoder.0.", "decoder.aspp.").Replace("decoder.1.", "decoder.conv.").Replace("decoder.2.", "decoder.bn.");

    private static string Name(JsonElement line) => $"{line.GetProperty("library")} {line.GetProperty("encoder")}";

    // Transformers are refused; timm's own encoders sit in a module of their own.
    private static bool IsSkipped(JsonElement line) => line.GetProperty("encoder").GetString() is ['m', 'i', 't', ..];
}
