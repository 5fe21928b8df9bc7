using LungSeg.Engine;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Tests;

/// <summary>Traced graphs against the leaf modules that the reference implementation runs.</summary>
public sealed class LayerTests
{
    public static TheoryData<string> Networks => TestData.Networks;

    [Theory, MemberData(nameof(Networks))]
    public void Every_convolution_has_the_reference_s_place_shape_geometry_and_cost(string network)
    {
        string[] expected =
        [
            .. ReferenceLayer.Read(network).Where(layer => layer.IsConvolution)
                .Select(layer => $"{layer.Module} {layer.Output} {layer.Geometry()} macs={layer.Macs}"),
        ];
        string[] actual =
        [
            .. Trace(network).Nodes.Where(node => node.Op is Conv2dOp or ConvTranspose2dOp)
                .Select(node => $"{node.Path} {node.Shape} {ReferenceLayer.Geometry(node)} macs={node.Macs}"),
        ];
        Assert.Equal(expected, actual);
    }

    [Theory, MemberData(nameof(Networks))]
    public void Multiply_accumulates_add_up_to_the_reference_s(string network)
    {
        long expected = ReferenceLayer.Read(network).Sum(layer => layer.Macs);
        Assert.Equal(expected, Architectures.Get(network).Macs);
        Assert.Equal(expected, Trace(network).Macs);
    }

    [Theory, MemberData(nameof(Networks))]
    public void Every_leaf_module_of_the_reference_is_a_tap_of_the_same_shape(string network)
    {
        Graph graph = Trace(network);
        // A module that runs several times leaves its last result, as a hook that stores by name does. The softmax of
        // MA-Net's attention is inside an operation of ours.
        IEnumerable<ReferenceLayer> layers =
            ReferenceLayer.Read(network).Where(layer => layer.Type != "Softmax").GroupBy(layer => layer.Module)
                .Select(calls => calls.Last());
        foreach (ReferenceLayer layer in layers)
        {
            Assert.True(graph.Taps.TryGetValue(layer.Module, out Tensor? tap), $"no tap '{layer.Module}'");
            Assert.Equal($"{layer.Module}: {layer.Output}", $"{layer.Module}: {tap.Shape}");
        }
    }

    [Theory, MemberData(nameof(Networks))]
    public void Every_module_that_the_reference_calls_as_a_whole_is_a_tap(string network)
    {
        // Encoders return a list, module lists are indexed, and SE-ResNeXt's stem is called in two parts.
        string[] neverCalled =
        [
            "encoder", "encoder._blocks", "encoder.layer0", "decoder.blocks", "decoder.seg_blocks", "decoder.psp.blocks",
            "decoder.aspp.0.convs", "decoder.0.convs",
        ];
        IEnumerable<string> parents = ReferenceLayer.Read(network)
            .SelectMany(layer => layer.Module.Index().Where(c => c.Item == '.').Select(c => layer.Module[..c.Index])).Distinct();
        Assert.Empty(parents.Except(neverCalled).Except(Trace(network).Taps.Keys));
    }

    [Theory, MemberData(nameof(Networks))]
    public void Normalisations_have_the_reference_s_epsilon(string network)
    {
        bool efficientNet = Architectures.Get(network).Encoder.StartsWith("efficientnet");
        foreach (Tensor node in Trace(network).Nodes)
        {
            if (node.Op is BatchNormOp norm)
                Assert.Equal(efficientNet && node.Path.StartsWith("encoder.") ? 1e-3f : 1e-5f, norm.Eps);
            if (node.Op is GroupNormOp group)
                Assert.Equal((32, 1e-5f), (group.Groups, group.Eps));
        }
    }

    [Theory, MemberData(nameof(Networks))]
    public void The_result_is_a_probability_for_every_pixel(string network)
    {
        Architecture architecture = Architectures.Get(network);
        Graph graph = architecture.Record(new SyntheticWeights(), n: 2, height: 160, width: 224);
        Assert.Equal(new Shape(2, 1, 160, 224), graph.Outputs[0].Shape);
        Assert.Equal(new ActivationOp(Activation.Sigmoid), graph.Outputs[0].Op);
    }

    [Theory, MemberData(nameof(Networks))]
    public void Features_and_decoder_can_be_read_out(string network)
    {
        Graph graph = Trace(network);
        int features = network == "pspnet" ? 3 : 5;
        Assert.Equal(
            Enumerable.Range(1, features).Select(i => $"encoder.f{i}"),
            graph.Taps.Keys.Where(path => path.StartsWith("encoder.f")).Order());
        Assert.Contains("decoder", graph.Taps.Keys);
        Assert.Same(graph.Outputs[0], graph.Taps["segmentation_head"]);
    }

    private static Graph Trace(string network) => Architectures.Get(network).Record(new SyntheticWeights());
}
