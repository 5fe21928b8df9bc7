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
    public void Chosen_pairs_are_the_library_s()
    {
        LargeTest.SkipUnlessWanted();
        Assert.Equal([], Failures(Pairs));
    }

    /// <summary>
    /// All pairs, small networks first: ten minutes or more, and so run by hand, by tests/long.sh. <c>LUNGSEG_SMP</c> is a pattern of
    /// pairs' names, to run some of them.
    /// </summary>
    [Fact(Explicit = true)]
    public void All_pairs_are_the_library_s()
    {
        string part = Environment.GetEnvironmentVariable("LUNGSEG_SMP") ?? "";
        Assert.Equal([], Failures(TestData.Shared("smp", "pairs.jsonl.gz"),
            name => System.Text.RegularExpressions.Regex.IsMatch(name, part)));
    }

    [Theory]
    [InlineData("layernorm", "Unet")]
    [InlineData("layernorm", "MAnet")]
    [InlineData("instancenorm", "Unet")]
    [InlineData("instancenorm", "UnetPlusPlus")]
    public void Decoders_with_other_norms_are_refused_by_name(string norm, string architecture)
    {
        var recorder = new LayoutRecorder();
        new Network(architecture, "resnet18", new NetworkOptions()).Build(recorder);
        // As smp 0.6 names them: a layer norm in the place of the batch norm, or nothing.
        bool IsOf(string key, params string[] ends) => key.StartsWith("decoder.") && ends.Any(key.EndsWith);
        string[] norms = [.. recorder.Asked.Where(asked => IsOf(asked.Key, ".running_var"))
            .Select(asked => asked.Key[..^"running_var".Length])];
        string[] gone = norm == "layernorm" ? ["running_mean", "running_var", "num_batches_tracked"]
            : ["running_mean", "running_var", "num_batches_tracked", "weight", "bias"];
        HashSet<string> left = [.. norms.SelectMany(name => gone.Select(end => name + end))];
        var source = new SyntheticWeights("norm/");
        var weights = new StateDict(recorder.Asked.Where(asked => !left.Contains(asked.Key))
            .Select(asked => source.Get(asked.Key, [.. asked.Dims])));
        WeightException e = Assert.Throws<WeightException>(() => Recognition.Of(weights));
        Assert.Contains($"has the norm '{norm}' (decoder_use_norm)", e.Message);
    }

    /// <summary>What is wrong with the pairs of a file, a line each.</summary>
    internal static IReadOnlyList<string> Failures(string path, Func<string, bool>? wanted = null)
    {
        var failures = new List<string>();
        foreach (SmpPair pair in SmpPair.All(path).Where(pair => wanted is null || wanted(pair.Name)))
        {
            string? failure = Tried(pair, out double error);
            if (failure is not null) failures.Add($"{pair.Name}: {failure}");
            if (wanted is null) continue;
            string right = double.IsNaN(error) ? $"refused {pair.Name}" : FormattableString.Invariant($"ok {pair.Name}: {error:0.0e-0}");
            Console.WriteLine(failure is null ? right : failures[^1]);
        }
        return failures;
    }

    private static string? Tried(SmpPair pair, out double error)
    {
        error = double.NaN;
        try
        {
            using IBackend backend = Backend();
            return Failure(pair, backend, out error);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return $"{e.GetType().Name} {e.Message}";
        }
    }

    /// <summary>What is wrong with a pair on a backend; null for nothing. The error is in deviations of the output.</summary>
    internal static string? Failure(SmpPair pair, IBackend backend, out double error)
    {
        error = double.NaN;
        Network network;
        try
        {
            network = pair.Build();
        }
        catch (Exception e) when (e is ArgumentException or UnknownNetworkException)
        {
            return pair.Refused is not null ? null : e.Message;
        }
        if (pair.Refused is not null) return $"not refused: {pair.Refused}";
        var recorder = new LayoutRecorder();
        network.Build(recorder);
        LayoutEntry[] layout = [.. recorder.Asked.Select(parameter => new LayoutEntry(parameter.Key, parameter.Dims, true))];
        string listing = SmpData.Listing(layout.Select(entry => entry with { Key = pair.Saved(entry.Key) }));
        if (listing != pair.Listing) return $"other weights: {layout.Length}, the library has {pair.Tensors}";
        var saved = new StateDict(recorder.Asked.Select(parameter => parameter.WithKey(pair.Saved(parameter.Key))));
        StateDict weights = LibraryNames.Find(saved).Weights;
        var inferred = NetworkInference.Of(weights);
        // What leaves no trace is not inferred.
        bool isEncoder = NetworkInference.EncodersOf(weights) is { } encoders && encoders.Names.Contains(pair.Encoder);
        if (inferred?.Architecture != pair.Architecture || !isEncoder)
            return $"taken for {inferred?.Architecture} {inferred?.Encoder}";
        string expected = NetworkOptionNames.ToText(Traced(pair.Architecture, pair.Options));
        string told = NetworkOptionNames.ToText(Traced(pair.Architecture, inferred!.Options));
        if (expected != told) return $"options taken for {told}, not {expected}";
        var shape = new Shape(pair.Input[0], pair.Input[1], pair.Input[2], pair.Input[3]);
        Graph graph = Graph.Record(shape, network.Build(pair.Weights(layout.Select(entry => entry.Key))));
        using Model model = backend.Load(graph);
        using Plan plan = model.Plan(shape.N, shape.H, shape.W);
        plan.Input.CopyFrom(pair.Image());
        plan.Execute();
        Shape found = plan.Outputs[0].Shape;
        if (!pair.Output.SequenceEqual([found.N, found.C, found.H, found.W])) return $"output {found}";
        error = pair.Error(plan.Outputs[0].ToArray());
        if (!(error <= 5e-4)) return $"off by {error:g3} of the deviation";
        if (pair.Label is not double[] label) return null;
        float[] labels = plan.Outputs[1].ToArray();
        return label.Select((value, i) => Math.Abs(value - labels[i])).Max() > 1e-3 ? "another label" : null;
    }

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
            BilinearDecoder = null,
            AtrousRates = new NetworkOptions().AtrousRates,
            AsppSeparable = architecture.StartsWith("DeepLab") ? options.AsppSeparable ?? architecture == "DeepLabV3Plus" : null,
            Upsampling = null,
            EfficientNetPadding = EfficientNetPadding.OfLayer,
            KeepsUnusedStages = true,
        };
    }

    private static IBackend Backend() => Environment.GetEnvironmentVariable("LUNGSEG_SMP_REFERENCE") is null
        ? new CpuBackend() : new Engine.Backends.Reference.ReferenceBackend();

    private static string Name(JsonElement line) => $"{line.GetProperty("library")} {line.GetProperty("encoder")}";

    // Transformers are refused; timm's own encoders sit in a module of their own.
    private static bool IsSkipped(JsonElement line) => line.GetProperty("encoder").GetString() is ['m', 'i', 't', ..];
}
