using LungSeg.Engine;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Weights;
using LungSeg.Models;

namespace LungSeg.Cli.Tests;

/// <summary>
/// Checkpoints of segmentation_models_pytorch that say less than is needed: options, parts, folders, and networks that fit alike.
/// </summary>
public sealed class NetworkOptionTests : IDisposable
{
    private const int Side = 64;
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Options_that_leave_no_trace_are_kept_in_the_file_and_proved_by_a_dump()
    {
        var options = new NetworkOptions
        {
            Activation = OutputActivation.None,
            EncoderOutputStride = 8,
            Classes = 3,
            AtrousRates = [2, 4, 6]
        };
        (string weights, string dump) = Save(new Network("DeepLabV3Plus", "mobilenet_v2", options));
        Run run = Convert(weights, "a", "--option", "encoder_output_stride=8", "--option", "decoder_atrous_rates=2,4,6");
        Assert.Contains("options   classes=3;encoder_output_stride=8", run.Output);
        Lungseg.Run("verify", dump, "--weights", _directory["a"], "--option", "activation=none").Succeeded();
        Assert.Equal(1, Lungseg.Run("verify", dump, "--weights", _directory["a"]).Exit);

        // Without them the file has the defaults, which a dump tells.
        Convert(weights, "b");
        Assert.Equal(1, Lungseg.Run("verify", dump, "--weights", _directory["b"], "--option", "activation=none").Exit);
        Lungseg.Run(
            "verify", dump, "--weights", _directory["b"], "--option", "activation=none", "--option", "encoder_output_stride=8", "--option",
            "decoder_atrous_rates=2,4,6").Succeeded();
    }

    [Fact]
    public void What_the_weights_say_otherwise_and_what_the_library_has_not_is_refused()
    {
        (string weights, _) = Save(new Network("Unet", "mobilenet_v2"));
        Lungseg.Run("convert", weights, "-o", _directory["a"], "--option", "classes=4").Refused("classes: '4' was given", "say '1'");
        Lungseg.Run("convert", weights, "-o", _directory["a"], "--option", "strides=4").Refused("unknown network option 'strides'",
            "activation");
        Lungseg.Run("convert", weights, "-o", _directory["a"], "--option", "activation").Refused("NAME=VALUE");
        Lungseg.Run("convert", weights, "-o", _directory["a"], "--option", "encoder_name=resnet18").Refused("mobilenet_v2",
            "not of resnet18");
        Lungseg.Run("convert", weights, "-o", _directory["a"], "--option", "mean=0,0,0").Refused("mean and std go together");
        Lungseg.Run("convert", weights, "-o", _directory["a"], "--part", "ema").Refused("no network under 'ema'");
    }

    [Theory]
    [InlineData("FPN", "efficientnet-b1", "efficientnet_padding=image")]
    [InlineData("Linknet", "tu-mobilenetv3_small_100", "encoder_name=tu-mobilenetv3_small_100")]
    [InlineData("DeepLabV3", "mobilenet_v2", "encoder_output_stride=16")]
    [InlineData("DeepLabV3Plus", "mobilenet_v2", "encoder_output_stride=8", "decoder_atrous_rates=6,12,18")]
    [InlineData("FPN", "mobilenet_v2", "decoder_interpolation=bilinear")]
    [InlineData("MAnet", "mobilenet_v2", "decoder_interpolation=bilinear")]
    [InlineData("UnetPlusPlus", "mobilenet_v2", "decoder_interpolation=bilinear")]
    [InlineData("PAN", "mobilenet_v2", "decoder_interpolation=nearest")]
    [InlineData("PSPNet", "mobilenet_v2", "upsampling=16")]
    public void Of_networks_that_fit_alike_a_dump_tells_which_it_is(string architecture, string encoder, params string[] chosen)
    {
        if (architecture != "PAN") LargeTest.SkipUnlessWanted();
        NetworkOptions options = new() { Activation = OutputActivation.None };
        string[][] choices = [.. chosen.Select(option => option.Split('='))];
        foreach (string[] choice in choices.Where(choice => choice[0] != "encoder_name")) options = options.With(choice[0], choice[1]);
        (string weights, string dump) = Save(new Network(architecture, encoder, options));
        Convert(weights, "a");
        Run run = Lungseg.Run("verify", dump, "--weights", _directory["a"], "--option", "activation=none").Succeeded();
        Assert.Contains($"they pass with {string.Join(", ", chosen)}:", run.Output);
        Convert(weights, "b", [.. chosen.SelectMany(option => (string[])["--option", option])]);
        run = Lungseg.Run("verify", dump, "--weights", _directory["b"], "--option", "activation=none").Succeeded();
        Assert.DoesNotContain("fit several", run.Output);
    }

    [Fact]
    public void A_label_is_compared_too()
    {
        (_, string dump) = Save(new Network("Unet", "mobilenet_v2",
            new NetworkOptions { Activation = OutputActivation.None, Label = new LabelOptions(7) }));
        Run run = Lungseg.Run("verify", dump, "--weights", _directory["weights.safetensors"], "--option", "activation=none").Succeeded();
        Assert.Contains("output.1", run.Output);
        Assert.Contains("all 2 tensors pass", run.Output);
    }

    [Fact]
    public void A_folder_of_save_pretrained_has_its_options_and_its_preprocessing()
    {
        (string weights, string dump) = Save(new Network(
            "Unet", "timm-efficientnet-b0",
                new NetworkOptions { Activation = OutputActivation.None, BilinearDecoder = true, Classes = 2 }));
        Directory.CreateDirectory(_directory["saved"]);
        File.Move(weights, _directory["saved/model.safetensors"]);
        File.WriteAllText(_directory["saved/config.json"], """
            {"_model_class": "Unet", "activation": null, "aux_params": null, "classes": 2, "decoder_attention_type": null,
             "decoder_channels": [256, 128, 64, 32, 16], "decoder_interpolation": "bilinear", "decoder_use_norm": "batchnorm",
             "encoder_depth": 5, "encoder_name": "timm-efficientnet-b0", "encoder_weights": "advprop", "in_channels": 3}
            """);
        Run run = Convert(_directory["saved"], "a");
        Assert.Contains("decoder_interpolation=bilinear", run.Output);
        Assert.Contains("mean [0.5, 0.5, 0.5]", run.Output);
        Lungseg.Run("verify", dump, "--weights", _directory["a"]).Succeeded();
        Lungseg.Run("verify", dump, "--weights", _directory["saved"]).Succeeded();
        File.WriteAllText(_directory["saved/config.json"], "{\"_model_class\": \"FPN\"}");
        Lungseg.Run("convert", _directory["saved"], "-o", _directory["b"]).Refused("the weights are of Unet, not of FPN");
        File.WriteAllText(_directory["saved/config.json"], "[");
        Lungseg.Run("convert", _directory["saved"], "-o", _directory["b"]).Refused("no configuration of a network");
        Directory.CreateDirectory(_directory["empty"]);
        Lungseg.Run("convert", _directory["empty"], "-o", _directory["b"]).Refused("model.safetensors");
    }

    [Fact]
    public void Of_several_copies_one_is_named()
    {
        (string weights, string dump) =
            Save(new Network("Unet", "mobilenet_v2", new NetworkOptions { Activation = OutputActivation.None }));
        StateDict one = Safetensors.Read(weights);
        string both = _directory["both.safetensors"];
        Safetensors.Write(both, [
            .. one.Select(p => new Parameter($"model.{p.Key}", p.Dims, () => [.. p.Read().Select(value => value * 1.1f)])),
            .. one.Select(p => p.WithKey($"ema.{p.Key}")),
        ]);
        Lungseg.Run("convert", both, "-o", _directory["a"]).Refused("2 networks", "'ema', 'model'");
        Assert.Contains("part      ema", Convert(both, "a", "--part", "ema").Output);
        Lungseg.Run("verify", dump, "--weights", _directory["a"], "--option", "activation=none").Succeeded();
        Lungseg.Run("verify", dump, "--weights", both, "--part", "ema", "--option", "activation=none").Succeeded();
        Assert.Equal(1, Lungseg.Run("verify", dump, "--weights", both, "--part", "model", "--option", "activation=none").Exit);
    }

    [Theory]
    [InlineData("xception", "mean [0.5, 0.5, 0.5]", null)]
    [InlineData("dpn68", "std [0.23482446", null)]
    [InlineData("resnet18", "mean [0.485, 0.456, 0.406]", null)]
    [InlineData(
        "resnet18", "BGR, mean [0.4, 0.5, 0.6], std [1, 1, 1], from the options given",
        "mean=102,127.5,153;std=255,255,255;input_range=0,255;input_space=BGR")]
    public void Preprocessing_comes_from_the_encoder_or_from_options(string encoder, string expected, string? options)
    {
        (string weights, _) = Save(new Network("Linknet", encoder), dumps: false);
        string[] given = [.. (options ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries).SelectMany(option =>
            (string[])["--option", option])];
        Assert.Contains(expected, Convert(weights, "a", [.. given, "--option", "input_size=96"]).Output);
        IReadOnlyDictionary<string, string> metadata = Safetensors.Read(_directory["a"]).Metadata;
        Assert.Equal("96", metadata["input_size"]);
        Architecture again = NetworkWeights.Open(null, _directory["a"]).Network;
        Assert.Equal((96, false), (again.InputSize, again.HasAssumedSize));
        Assert.Contains(expected.Split(", from")[0], $"{again.Normalisation}");
    }

    [Fact]
    public void What_names_and_shapes_leave_open_is_said_with_the_values_assumed()
    {
        (string weights, string dump) = Save(new Network("PAN", "mobilenet_v2"));
        const string Open = "activation=sigmoid, encoder_output_stride=16, decoder_interpolation=bilinear, upsampling=4";
        Assert.Contains(Open, Convert(weights, "a").Output);
        Run run = Lungseg.Run("verify", dump, "--weights", _directory["a"], "--option", "activation=none");
        Assert.Equal(1, run.Exit);
        Assert.Contains("leave open activation=none, encoder_output_stride=16,", run.Output);
        (weights, _) = Save(new Network("Linknet", "mobilenet_v2"), dumps: false);
        foreach (string option in (string[])["decoder_interpolation=bilinear", "upsampling=2"])
            Lungseg.Run("convert", weights, "-o", _directory["b"], "--option", option).Refused("Linknet has no such option");
    }

    [Fact]
    public void Info_takes_what_a_checkpoint_does_not_say()
    {
        (string weights, _) = Save(new Network("DeepLabV3Plus", "mobilenet_v2"), dumps: false);
        Run run = Lungseg.Run("info", weights, "--option", "encoder_output_stride=8", "--option", "activation=none").Succeeded();
        Assert.Contains("open       activation=none, encoder_output_stride=8, decoder_atrous_rates=12,24,36", run.Output);
        Assert.Contains("input      RGB, mean [0.485", run.Output);
        Lungseg.Run("info", weights, "--part", "ema").Refused("no network under 'ema'");
        Lungseg.Run("info", "pan", "--option", "activation=none").Refused("--option applies to a weights file");
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void A_PAN_of_another_depth_is_told_by_its_steps(int depth)
    {
        (string weights, string dump) =
            Save(new Network("PAN", "mobilenet_v2", new NetworkOptions { Activation = OutputActivation.None, EncoderDepth = depth }));
        Assert.Contains($"encoder_depth={depth}", Convert(weights, "a").Output);
        Lungseg.Run("verify", dump, "--weights", _directory["a"], "--option", "activation=none").Succeeded();
    }

    private Run Convert(string weights, string name, params string[] options) =>
        Lungseg.Run(["convert", weights, "-o", _directory[name], .. options]).Succeeded();

    /// <summary>A network's weights without a word of metadata, and a dump of what the reference backend makes of them.</summary>
    private (string Weights, string Dump) Save(Network network, bool dumps = true)
    {
        string weights = _directory["weights.safetensors"], dump = _directory["dump.safetensors"];
        var recorder = new LayoutRecorder();
        network.Build(recorder);
        var source = new SyntheticWeights("option/");
        Safetensors.Write(weights, recorder.Asked.Select(asked => source.Get(asked.Key, [.. asked.Dims])));
        if (!dumps) return (weights, dump);
        // PAN halves its smallest map three times.
        int side = network.Architecture == "PAN" ? 2 * Side : Side;
        Graph graph = Graph.Record(new Shape(1, 3, side, side), network.Build(source));
        float[] input = SyntheticWeights.Input("option/", "input", 1, side, side);
        using var backend = new ReferenceBackend();
        using Model model = backend.Load(graph);
        using Plan plan = model.Plan(1, side, side);
        plan.Input.CopyFrom(input);
        plan.Execute();
        Safetensors.Write(dump, [
            new Parameter("input", [1, 3, side, side], () => input),
            .. plan.Outputs.Select((output, i) => new Parameter(
                plan.Outputs.Count == 1 ? "output" : $"output.{i}",
                output.Shape.H == 1 ? [1, output.Shape.C] : [1, output.Shape.C, output.Shape.H, output.Shape.W], output.ToArray)),
        ]);
        return (weights, dump);
    }
}
