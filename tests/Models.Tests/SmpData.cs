using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using LungSeg.Engine.Weights;
using LungSeg.Models.Encoders;

namespace LungSeg.Models.Tests;

/// <summary>Facts of segmentation_models_pytorch: names and shapes of its weights, and outputs for formula weights.</summary>
internal static class SmpData
{
    public static IReadOnlyList<JsonElement> Encoders { get; } = Lines(TestData.PathOf("smp", "encoders.jsonl.gz"));

    public static IReadOnlyList<JsonElement> Decoders { get; } = Lines(TestData.PathOf("smp", "decoders.jsonl.gz"));

    // The first rule that fits.
    private static readonly (string Start, string Family)[] Rules =
    [
        ("resnext", "ResNeXt"), ("resnet", "ResNet"), ("se_resnext", "SE-ResNeXt"), ("se_resnet", "SE-ResNet"), ("senet", "SENet"),
        ("res2", "Res2Net, Res2NeXt"), ("resnest", "ResNeSt"), ("sk", "SK-ResNet, SK-ResNeXt"), ("densenet", "DenseNet"), ("dpn", "DPN"),
        ("vgg", "VGG"), ("xception", "Xception"), ("inceptionv4", "Inception-v4"), ("inceptionresnet", "Inception-ResNet-v2"),
        ("mobilenet_v2", "MobileNetV2"), ("mobilenetv3", "MobileNetV3"), ("efficientnet-", "EfficientNet"),
        ("tf_efficientnet_lite", "EfficientNet lite"), ("regnetx", "RegNetX"), ("regnety", "RegNetY"), ("gernet", "GERNet"),
        ("mobileone", "MobileOne"),
    ];

    /// <summary>The families of encoders, in the table's order.</summary>
    public static IReadOnlyList<string> Families { get; } = [.. Rules.Select(rule => rule.Family)];

    /// <summary>The family of an encoder by its name.</summary>
    public static string Family(string encoder)
    {
        string name = new[] { "timm-", "tu-" }.Where(encoder.StartsWith).Aggregate(encoder, (rest, start) => rest[start.Length..]);
        return Rules.First(rule => name.StartsWith(rule.Start)).Family;
    }

    /// <summary>The lines of a file of JSON lines.</summary>
    public static IReadOnlyList<JsonElement> Lines(string path)
    {
        using var reader = new StreamReader(new GZipStream(File.OpenRead(path), CompressionMode.Decompress));
        var lines = new List<JsonElement>();
        while (reader.ReadLine() is string line) lines.Add(JsonDocument.Parse(line).RootElement);
        return lines;
    }

    /// <summary>Names and shapes in state-dict order, as <c>name 64x3x7x7</c>; a scalar's shape is empty.</summary>
    public static string[] Keys(JsonElement line) =>
        [.. line.GetProperty("keys").EnumerateArray()
            .Select(key => Entry(key[0].GetString()!, key[1].EnumerateArray().Select(dim => dim.GetInt32())))];

    public static string Entry(string name, IEnumerable<int> dims) => $"{name} {string.Join('x', dims)}";

    /// <summary>The SHA-256 by which the facts name a network's weights.</summary>
    public static string Listing(IEnumerable<LayoutEntry> layout)
    {
        string[] lines = [.. layout.Select(entry => Entry(entry.Key, entry.Dims))];
        Array.Sort(lines, string.CompareOrdinal);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines))));
    }

    /// <summary>The options of a pair by the library's names.</summary>
    public static NetworkOptions Options(string library, string architecture, string encoder, JsonElement options)
    {
        var result = new NetworkOptions
        {
            Activation = OutputActivation.None,
            EfficientNetPadding = library is "0.2.1" ? EfficientNetPadding.OfImage : EfficientNetPadding.OfLayer,
            // timm's own encoders, which 0.6.0 takes RegNet from, are built as deep as the network needs them.
            KeepsUnusedStages = library != "0.6.0" || architecture != "PSPNet" || !encoder.StartsWith("tu-"),
        };
        foreach (JsonProperty option in options.EnumerateObject())
        {
            JsonElement value = option.Value;
            result = option.Name switch
            {
                "in_channels" => result with { InChannels = value.GetInt32() },
                "classes" => result with { Classes = value.GetInt32() },
                "encoder_depth" => result with { EncoderDepth = value.GetInt32() },
                "encoder_output_stride" => result with { EncoderOutputStride = value.GetInt32() },
                "decoder_channels" => result with { DecoderChannels = Numbers(value) },
                "decoder_attention_type" => result with { DecoderAttention = value.GetString() == "scse" },
                "decoder_use_batchnorm" or "decoder_use_norm" or "psp_use_batchnorm" => result with { DecoderNorm = value.GetBoolean() },
                "decoder_interpolation" => result with { BilinearDecoder = value.GetString() == "bilinear" },
                "decoder_pyramid_channels" => result with { PyramidChannels = value.GetInt32() },
                "decoder_segmentation_channels" => result with { SegmentationChannels = value.GetInt32() },
                "decoder_merge_policy" => result with { MergeByConcatenation = value.GetString() == "cat" },
                "decoder_atrous_rates" => result with { AtrousRates = Numbers(value) },
                "decoder_aspp_separable" => result with { AsppSeparable = value.GetBoolean() },
                "decoder_pab_channels" => result with { PabChannels = value.GetInt32() },
                "psp_out_channels" => result with { PspChannels = value.GetInt32() },
                "upsampling" => result with { Upsampling = value.GetInt32() },
                "aux_params" => result with { Label = new LabelOptions(value.GetProperty("classes").GetInt32()) },
                _ => throw new InvalidDataException($"unknown option {option.Name}"),
            };
        }
        return result;
    }

    private static int[] Numbers(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(number => number.GetInt32())] : [value.GetInt32()];
}

/// <summary>A line of pairs.jsonl.gz: a network that the library built and ran with formula weights, or refused.</summary>
internal sealed class SmpPair
{
    private readonly JsonElement _line;
    private readonly bool _isOld;

    public SmpPair(JsonElement line)
    {
        _line = line;
        Library = Text("library");
        Architecture = Text("architecture");
        Encoder = Text("encoder");
        _isOld = Library != "0.6.0";
        // What 0.6.0 takes from timm by an older name is timm's own encoder.
        if (!_isOld && Encoder.StartsWith("timm-regnet")) Encoder = $"tu-{Encoder["timm-".Length..]}";
        Options = SmpData.Options(Library, Architecture, Encoder, line.GetProperty("options"));
    }

    /// <summary>All pairs of a file but for transformers, small networks first.</summary>
    public static IEnumerable<SmpPair> All(string path) => SmpData.Lines(path).Select(line => new SmpPair(line))
        .Where(pair => !EncoderTable.IsTransformer(pair.Encoder)).OrderBy(pair => pair.Parameters);

    public string Library { get; }

    public string Architecture { get; }

    public string Encoder { get; }

    public NetworkOptions Options { get; }

    public string Name => $"{Library} {Architecture} {Text("encoder")} {_line.GetProperty("options")}";

    public IEnumerable<string> OptionNames => _line.GetProperty("options").EnumerateObject().Select(option => option.Name);

    public long Parameters => _line.TryGetProperty("parameters", out JsonElement count) ? count.GetInt64() : 0;

    public int Tensors => _line.GetProperty("tensors").GetInt32();

    public string Listing => Text("listing");

    /// <summary>What the library said; null if it built and ran the network.</summary>
    public string? Refused => _line.TryGetProperty("refused", out JsonElement refused) ? refused.GetString() : null;

    public IReadOnlyList<int> Input => Numbers("input");

    public IReadOnlyList<int> Output => Numbers("output");

    public double Deviation => _line.GetProperty("std").GetDouble();

    /// <summary>The classification head's output; null where there is none.</summary>
    public double[]? Label =>
        _line.TryGetProperty("label", out JsonElement label) ? [.. label.EnumerateArray().Select(value => value.GetDouble())] : null;

    /// <summary>How far an output is from the library's, in deviations of the output: the largest of all samples.</summary>
    public double Error(float[] output)
    {
        float[] samples = MemoryMarshal.Cast<byte, float>(_line.GetProperty("samples").GetBytesFromBase64()).ToArray();
        return samples.Select((sample, i) => Math.Abs((double)sample - output[(long)i * output.Length / samples.Length])).Max() / Deviation;
    }

    public Network Build() => new(Architecture, Encoder, Options);

    /// <summary>What a key of ours is called in the library's version.</summary>
    public string Saved(string key) => _isOld || Architecture != "DeepLabV3" ? key
        : key.Replace("decoder.0.", "decoder.aspp.").Replace("decoder.1.", "decoder.conv.").Replace("decoder.2.", "decoder.bn.");

    /// <summary>The formula weights by our keys.</summary>
    public SmpWeights Weights(IEnumerable<string> keys) => new(keys, Numbers("batchnorm"), Saved);

    public float[] Image() => SyntheticWeights.Input("smp/", "small", Input[0], Input[2], Input[3], Input[1]);

    private string Text(string name) => _line.GetProperty(name).GetString()!;

    private int[] Numbers(string name) => [.. _line.GetProperty(name).EnumerateArray().Select(number => number.GetInt32())];
}

/// <summary>The formula weights of the facts: as the golden files', but running statistics from one exponent for each batch norm.</summary>
internal sealed class SmpWeights : IWeightSource
{
    private const string Salt = "smp/";
    private readonly SyntheticWeights _plain = new(Salt);
    private readonly Dictionary<string, int> _exponents = new(StringComparer.Ordinal);
    private readonly Func<string, string> _savedName;

    /// <summary>Takes the exponents in the order of the batch norms, and how a key of ours is called in the library's version.</summary>
    public SmpWeights(IEnumerable<string> keys, IReadOnlyList<int> exponents, Func<string, string>? savedName = null)
    {
        _savedName = savedName ?? (key => key);
        string[] norms = [.. keys.Where(key => key.EndsWith(".running_var", StringComparison.Ordinal))];
        Assert.Equal(exponents.Count, norms.Length);
        for (int i = 0; i < norms.Length; i++) _exponents[norms[i][..^".running_var".Length]] = exponents[i];
    }

    public Parameter Get(string key, ReadOnlySpan<int> dims)
    {
        string saved = _savedName(key);
        int[] size = dims.ToArray();
        bool variance = key.EndsWith(".running_var", StringComparison.Ordinal);
        if (!variance && !key.EndsWith(".running_mean", StringComparison.Ordinal))
        {
            Parameter plain = _plain.Get(saved, size);
            return new Parameter(key, size, plain.Read);
        }
        int exponent = _exponents[key[..key.LastIndexOf('.')]];
        return new Parameter(key, size, () =>
        {
            float[] values = new float[size[0]];
            if (variance)
            {
                float scale = (float)Math.Pow(2, exponent);
                SyntheticWeights.Fill(Salt + saved, values, 0.2f, 1);
                return Array.ConvertAll(values, value => scale * value);
            }
            float root = (float)Math.Sqrt(Math.Pow(2, exponent));
            SyntheticWeights.Fill(Salt + saved, values, 0.1f);
            return Array.ConvertAll(values, value => root * value);
        });
    }
}
