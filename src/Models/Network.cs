using LungSeg.Engine;
using LungSeg.Engine.Weights;
using LungSeg.Models.Decoders;
using LungSeg.Models.Encoders;
using static LungSeg.Models.NetworkOptionNames;

namespace LungSeg.Models;

/// <summary>A network of segmentation_models_pytorch: an architecture, an encoder, and the constructor's options.</summary>
internal sealed class Network
{
    private readonly DecoderEntry _decoder;
    private readonly EncoderEntry _encoder;
    private readonly NetworkOptions _options;

    /// <summary>
    /// Takes the library's names. Throws <see cref="UnknownNetworkException"/> for names that it does not have, and
    /// <see cref="ArgumentException"/> for options that it refuses.
    /// </summary>
    public Network(string architecture, string encoder, NetworkOptions? options = null)
    {
        _options = options ?? new NetworkOptions();
        _decoder = DecoderTable.All.GetValueOrDefault(architecture)
            ?? throw new UnknownNetworkException(
                $"unknown architecture '{architecture}', expected one of {string.Join(", ", DecoderTable.All.Keys)}");
        if (EncoderTable.IsTransformer(encoder))
            throw new UnknownNetworkException($"{encoder} is a transformer: this engine runs the library's convolutional encoders");
        _encoder = EncoderTable.Find(encoder) ?? throw new UnknownNetworkException($"unknown encoder '{encoder}'");
        if (Depth is < 3 or > 5) throw new ArgumentException($"encoder_depth: expected 3, 4 or 5, found {Depth}");
        if (!_decoder.OutputStrides.Contains(OutputStride))
        {
            throw new ArgumentException(
                $"encoder_output_stride: {architecture} takes {string.Join(" or ", _decoder.OutputStrides)}, found {OutputStride}");
        }
        Refuse(Interpolation, _options.BilinearDecoder is not null);
        Refuse(NetworkOptionNames.Upsampling, _options.Upsampling is not null);
        if (OutputStride < 1 << Depth && _encoder.NotDilated is string why)
            throw new ArgumentException($"{architecture} dilates its encoder, and {encoder} cannot be dilated: {why}");
    }

    // An option that the architecture does not have would say nothing.
    private void Refuse(string option, bool isGiven)
    {
        if (isGiven && !_decoder.Untraced.Contains(option)) throw new ArgumentException($"{option}: {Architecture} has no such option");
    }

    /// <summary>The architecture by the library's name.</summary>
    public string Architecture => _decoder.Name;

    /// <summary>The encoder by the library's name.</summary>
    public string Encoder => _encoder.Name;

    /// <summary>The options.</summary>
    public NetworkOptions Options => _options;

    /// <summary>What height and width must be multiples of.</summary>
    public int Multiple => Math.Min(1 << Depth, OutputStride);

    /// <summary>Options that the architecture takes and that leave no trace in names and shapes of weights.</summary>
    public IReadOnlyList<string> Untraced => _decoder.Untraced;

    /// <summary>What names and shapes of weights leave open, with this network's values.</summary>
    public IEnumerable<KeyValuePair<string, string>> OpenOptions
    {
        get
        {
            NetworkOptions spelt = _options with
            {
                EncoderOutputStride = OutputStride,
                BilinearDecoder = _options.BilinearDecoder ?? _decoder.BilinearByDefault,
                Upsampling = Upsampling,
            };
            string[] label = _options.Label is null ? [] : ["aux_pooling", "aux_activation"];
            string[] padding = _encoder.Name.StartsWith("efficientnet-", StringComparison.Ordinal) ? [Padding] : [];
            string[] names = ["activation", .. Untraced, .. padding, .. label];
            return names.Select(name => new KeyValuePair<string, string>(name, ValueOf(spelt, name)));
        }
    }

    /// <summary>Output strides that the architecture takes with this encoder.</summary>
    public IReadOnlyList<int> OutputStrides =>
        [.. _decoder.OutputStrides.Where(stride => stride >= 1 << Depth || _encoder.NotDilated is null)];

    /// <summary>The factor between the decoder's map and the mask.</summary>
    public int Upsampling => _options.Upsampling ?? _decoder.Upsampling(Depth, OutputStride);

    private int Depth => _options.EncoderDepth ?? _decoder.Depth;

    private int OutputStride => _options.EncoderOutputStride ?? _decoder.OutputStrides[0];

    /// <summary>
    /// Builds the modules; the result maps a normalised image to the mask's probabilities, and to the label's numbers if there is a label.
    /// </summary>
    public Func<Tensor, IReadOnlyList<Tensor>> Build(IWeightSource weights)
    {
        var root = new WeightScope(weights);
        Encoder encoder = _encoder.Build(
            root["encoder"],
            new EncoderOptions(_options.InChannels, Depth, OutputStride, _options.KeepsUnusedStages, _options.EfficientNetPadding));
        Decoder decoder = _decoder.Build(
            root["decoder"], encoder.OutChannels, new DecoderContext(_options, _encoder.Name, Math.Min(OutputStride, 1 << Depth)));
        var head = new SegmentationHead(
            root["segmentation_head"], decoder.OutChannels, _options.Classes, _decoder.HeadKernelSize, Upsampling, _options.Activation);
        ClassificationHead? label = _options.Label is LabelOptions options
            ? new(root["classification_head"], encoder.OutChannels[^1], options) : null;
        return x =>
        {
            IReadOnlyList<Tensor> features = encoder.Forward(x);
            Tensor mask = head.Forward(decoder.Forward(features));
            return label is null ? [mask] : [mask, label.Forward(features[^1])];
        };
    }
}
