using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Tests;

/// <summary>Facts of segmentation_models_pytorch: names and shapes of its weights, and outputs for formula weights.</summary>
internal static class SmpData
{
    public static IReadOnlyList<JsonElement> Encoders { get; } = Lines(TestData.PathOf("smp", "encoders.jsonl.gz"));

    public static IReadOnlyList<JsonElement> Decoders { get; } = Lines(TestData.PathOf("smp", "decoders.jsonl.gz"));

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
        [.. line.GetProperty("keys").EnumerateArray().Select(key => Entry(key[0].GetString()!, key[1].EnumerateArray().Select(dim => dim.GetInt32())))];

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
