using LungSeg.Engine.Weights;
using LungSeg.Models.Decoders;
using LungSeg.Models.Encoders;

namespace LungSeg.Models;

/// <summary>
/// Tells a network of the library by its weights' names and shapes: architecture, encoder, and every option that leaves a trace in them.
/// Activation, strides, rates and upsampling leave none: they are the defaults, unless they are given.
/// </summary>
internal static class NetworkInference
{
    private static readonly Lazy<IReadOnlyList<EncoderLayout>> Layouts = new(() => [.. EncoderTable.All.Values.Select(EncoderLayout.Of)]);

    /// <summary>The network that the weights fit but for what is missing or left over; null if they are of no known kind.</summary>
    /// <param name="weights">Weights by the library's first names.</param>
    /// <param name="given">What the names and shapes cannot tell; null for nothing.</param>
    public static Network? Of(StateDict weights, CheckpointOptions? given = null)
    {
        given ??= CheckpointOptions.None;
        if (ArchitectureOf(weights) is not string architecture
            || EncodersOf(weights) is not ({ Count: > 0 } encoders, int inChannels)) return null;
        string encoder = given.Encoder is null ? encoders[0]
            : encoders.FirstOrDefault(given.Encoder.Equals)
            ?? throw new WeightException($"encoder_name: the weights are of {string.Join(" or ", encoders)}, not of {given.Encoder}");
        NetworkOptions options = Traces(weights, architecture, given.ApplyTo(new NetworkOptions())) with { InChannels = inChannels };
        int byDefault = options.EncoderDepth ?? DecoderTable.All[architecture].Depth;
        // Of architectures whose decoder does not count the stages, the depth whose channels fit.
        int[] depths = options.EncoderDepth is int depth ? [depth]
            : [byDefault, .. Enumerable.Range(3, 3).Where(other => other != byDefault)];
        (Network Network, int Differences)? best = null;
        foreach (int candidate in depths)
        {
            var network = new Network(architecture, encoder,
                candidate == DecoderTable.All[architecture].Depth ? options : options with { EncoderDepth = candidate });
            int differences = Differences(network, weights);
            if (best is null || differences < best.Value.Differences) best = (network, differences);
            if (differences == 0) break;
        }
        return best?.Network;
    }

    private static string? ArchitectureOf(StateDict weights) => true switch
    {
        _ when weights.TryGet("decoder.blocks.x_0_0.conv1.0.weight", out _) => "UnetPlusPlus",
        _ when weights.TryGet("decoder.center.top_conv.weight", out _) => "MAnet",
        _ when weights.TryGet("decoder.blocks.0.conv1.0.weight", out _) => "Unet",
        _ when weights.TryGet("decoder.blocks.0.block.0.0.weight", out _) => "Linknet",
        _ when weights.TryGet("decoder.psp.blocks.0.pool.1.0.weight", out _) => "PSPNet",
        _ when weights.TryGet("decoder.p5.weight", out _) => "FPN",
        _ when weights.TryGet("decoder.fusion_block.0.weight", out _) => "UPerNet",
        _ when weights.TryGet("decoder.fpa.mid.0.conv.weight", out _) => "PAN",
        _ when weights.TryGet("decoder.aspp.0.project.0.weight", out _) => "DeepLabV3Plus",
        _ when weights.TryGet("decoder.0.project.0.weight", out _) => "DeepLabV3",
        _ => null,
    };

    /// <summary>
    /// The encoders that weights fit alike: timm's own beside the library's first ones, which pad in another way. The library's first names
    /// come first.
    /// </summary>
    public static (IReadOnlyList<string> Names, int InChannels)? EncodersOf(StateDict weights)
    {
        const string Scope = "encoder.";
        Dictionary<string, Parameter> found = weights.Where(parameter => parameter.Key.StartsWith(Scope, StringComparison.Ordinal))
            .ToDictionary(parameter => parameter.Key[Scope.Length..]);
        (EncoderLayout Layout, int? Missing)[] fitting =
            [.. Layouts.Value.Select(layout => (layout, Missing: layout.Missing(found))).Where(pair => pair.Missing is not null)];
        if (fitting.Length == 0) return null;
        int? minimum = fitting.Min(pair => pair.Missing);
        EncoderLayout[] best = [.. fitting.Where(pair => pair.Missing == minimum).Select(pair => pair.Layout)];
        return ([.. best.Select(layout => layout.Name)], found[best[0].First].Dims[1]);
    }

    private static NetworkOptions Traces(StateDict weights, string architecture, NetworkOptions options)
    {
        options = options with { Classes = Dim("segmentation_head.0.weight", 0) };
        if (weights.TryGet("classification_head.3.weight", out Parameter? label))
            options = options with { Label = (options.Label ?? new LabelOptions(1)) with { Classes = label.Dims[0] } };
        switch (architecture)
        {
            case "Unet":
                return Blocks(i => $"decoder.blocks.{i}.conv1.0.weight", "decoder.blocks.0.conv1.1.weight") with
                {
                    DecoderAttention = Has("decoder.blocks.0.attention1.attention.cSE.1.weight"),
                };
            case "UnetPlusPlus":
                return Blocks(i => $"decoder.blocks.x_0_{i}.conv1.0.weight", "decoder.blocks.x_0_0.conv1.1.weight") with
                {
                    DecoderAttention = Has("decoder.blocks.x_0_0.attention1.attention.cSE.1.weight"),
                };
            case "MAnet":
                return Blocks(i => $"decoder.blocks.{i}.conv1.0.weight", "decoder.blocks.0.conv1.1.weight") with
                {
                    PabChannels = Dim("decoder.center.top_conv.weight", 0),
                };
            case "Linknet":
                return Blocks(i => $"decoder.blocks.{i}.block.2.0.weight",
                    "decoder.blocks.0.block.0.1.weight") with
                { DecoderChannels = null };
            case "PSPNet":
                return options with { PspChannels = Dim("decoder.conv.0.weight", 0), DecoderNorm = Has("decoder.conv.1.weight") };
            case "FPN":
                int segmentation = Dim("decoder.seg_blocks.0.block.0.block.0.weight", 0);
                return options with
                {
                    PyramidChannels = Dim("decoder.p5.weight", 0),
                    SegmentationChannels = segmentation,
                    MergeByConcatenation = Dim("segmentation_head.0.weight", 1) != segmentation,
                };
            case "UPerNet":
                return options with
                {
                    DecoderChannels = [Dim("decoder.fusion_block.0.weight", 0)],
                    DecoderNorm = Has("decoder.fusion_block.1.weight")
                };
            case "PAN":
                return options with { DecoderChannels = [Dim("decoder.fpa.mid.0.conv.weight", 0)] };
            case "DeepLabV3Plus":
                return options with
                {
                    DecoderChannels = [Dim("decoder.aspp.0.project.0.weight", 0)],
                    AsppSeparable = Has("decoder.aspp.0.convs.1.0.0.weight"),
                };
            default:
                return options with
                {
                    DecoderChannels = [Dim("decoder.0.project.0.weight", 0)],
                    AsppSeparable = Has("decoder.0.convs.1.0.0.weight")
                };
        }

        // One block for each encoder stage.
        NetworkOptions Blocks(Func<int, string> key, string norm)
        {
            int[] widths = [.. Enumerable.Range(0, 5).TakeWhile(i => Has(key(i))).Select(i => Dim(key(i), 0))];
            return options with { EncoderDepth = widths.Length, DecoderChannels = widths, DecoderNorm = Has(norm) };
        }

        bool Has(string key) => weights.TryGet(key, out _);

        int Dim(string key, int axis) => weights.TryGet(key, out Parameter? parameter) && axis < parameter.Dims.Count ? parameter.Dims[axis]
            : 1;
    }

    private static int Differences(Network network, StateDict weights)
    {
        var recorder = new LayoutRecorder();
        network.Build(recorder);
        HashSet<string> known = [.. recorder.Asked.Select(parameter => parameter.Key)];
        int misshapen = recorder.Asked.Count(
            parameter => weights.TryGet(parameter.Key, out Parameter? found) && !found.Dims.SequenceEqual(parameter.Dims));
        int missing = recorder.Asked.Count(parameter => !weights.TryGet(parameter.Key, out _));
        return misshapen + missing + weights.Count(parameter => !known.Contains(parameter.Key));
    }
}

/// <summary>The names and shapes of an encoder's weights.</summary>
internal sealed record EncoderLayout(string Name, IReadOnlyDictionary<string, IReadOnlyList<int>> Weights, string First)
{
    public static EncoderLayout Of(EncoderEntry entry)
    {
        var recorder = new LayoutRecorder();
        entry.Build(new WeightScope(recorder), new EncoderOptions());
        return new EncoderLayout(
            entry.Name, recorder.Asked.ToDictionary(parameter => parameter.Key, parameter => parameter.Dims),
            recorder.Asked.First(parameter => parameter.Dims.Count == 4).Key);
    }

    /// <summary>
    /// How many weights are missing in a checkpoint that has no others, whatever the channels of its images; null if it has others.
    /// </summary>
    public int? Missing(IReadOnlyDictionary<string, Parameter> found)
    {
        if (!found.TryGetValue(First, out Parameter? first) || first.Dims.Count != 4 || found.Count > Weights.Count) return null;
        foreach ((string key, Parameter parameter) in found)
        {
            if (!Weights.TryGetValue(key, out IReadOnlyList<int>? dims) || !Fits(parameter.Dims, dims, first.Dims[1])) return null;
        }
        return Weights.Count - found.Count;
    }

    // The layers that read the image have its channels.
    private static bool Fits(IReadOnlyList<int> found, IReadOnlyList<int> expected, int channels) =>
        found.SequenceEqual(expected)
        || (found.Count == 4 && expected.Count == 4 && expected[1] == 3 && found[1] == channels && found[0] == expected[0]
            && found[2] == expected[2] && found[3] == expected[3]);
}
