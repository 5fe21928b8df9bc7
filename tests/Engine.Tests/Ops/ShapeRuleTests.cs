using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Tests.Ops;

public sealed class ShapeRuleTests
{
    private static readonly Shape X = new(2, 6, 9, 8);

    [Theory]
    [InlineData(1, 1, 0, 1, 9, 8)]
    [InlineData(3, 1, 1, 1, 9, 8)]
    [InlineData(3, 2, 1, 1, 5, 4)]
    [InlineData(3, 2, 0, 1, 4, 3)]
    [InlineData(7, 2, 3, 1, 5, 4)]
    [InlineData(3, 1, 12, 12, 9, 8)]
    [InlineData(3, 3, 2, 2, 3, 3)]
    public void A_convolution_follows_PyTorchs_rule(int kernel, int stride, int padding, int dilation, int height, int width) =>
        Assert.Equal(new Shape(2, 4, height, width),
            new Conv2dOp(Weight(4, 6, kernel, kernel), null, stride, padding, dilation, 1).Infer([X]));

    [Fact]
    public void Padding_counts_on_its_own_side()
    {
        var op = new Conv2dOp(Weight(1, 6, 3, 3), null, 1, new Padding(Left: 1, Top: 2, Right: 3, Bottom: 4), 1, 1);
        Assert.Equal(new Shape(2, 1, 13, 10), op.Infer([X]));
    }

    [Fact]
    public void Transposed_convolutions_pools_and_resizings_follow_PyTorchs_rules()
    {
        Assert.Equal(new Shape(2, 5, 18, 16), new ConvTranspose2dOp(Weight(6, 5, 4, 4), null, 2, 1).Infer([X]));
        Assert.Equal(new Shape(2, 6, 4, 4), new MaxPool2dOp(2, 2, 0, false).Infer([X]));
        Assert.Equal(new Shape(2, 6, 5, 4), new MaxPool2dOp(2, 2, 0, true).Infer([X]));
        Assert.Equal(new Shape(2, 6, 5, 4), new MaxPool2dOp(3, 2, 1, false).Infer([X]));
        Assert.Equal(new Shape(2, 6, 5, 5), new MaxPool2dOp(2, 2, 1, false).Infer([X]));
        Assert.Equal(new Shape(2, 6, 6, 6), new AdaptiveAvgPool2dOp(6).Infer([X]));
        Assert.Equal(new Shape(2, 6, 18, 16), new UpsampleNearestOp(2).Infer([X]));
        Assert.Equal(new Shape(2, 6, 36, 32), new UpsampleBilinearOp(4, true).Infer([X]));
        Assert.Equal(new Shape(2, 6, 3, 5), new UpsampleBilinearOp(0, true).Infer([X, new Shape(2, 1, 3, 5)]));
        Assert.Equal(new Shape(2, 13, 9, 8), new ConcatOp().Infer([X, X with { C = 7 }]));
        Assert.Equal(X, new MulOp().Infer([new Shape(2, 6, 1, 1), X with { C = 1 }]));
        Assert.Equal(X with { C = 3 }, new PositionAttentionOp().Infer([X, X, X with { C = 3 }]));
    }

    [Fact]
    public void Bins_cover_the_axis_and_overlap_where_they_must()
    {
        var op = new AdaptiveAvgPool2dOp(3);
        Assert.Equal([(0, 3), (2, 5), (4, 7)], Enumerable.Range(0, 3).Select(bin => op.Bin(bin, 7)));
        Assert.Equal([(0, 2), (2, 4), (4, 6)], Enumerable.Range(0, 3).Select(bin => op.Bin(bin, 6)));
        Assert.Equal([(0, 1), (0, 2), (1, 2)], Enumerable.Range(0, 3).Select(bin => op.Bin(bin, 2)));
    }

    [Fact]
    public void Inputs_that_do_not_fit_are_named_with_what_was_expected()
    {
        Refused("expected 5 input channels, found 2x6x9x8", new Conv2dOp(Weight(4, 5, 3, 3), null, 1, 0, 1, 1), X);
        Refused("9 x 8 is smaller than the 3 x 3 kernel with dilation 5", new Conv2dOp(Weight(4, 6, 3, 3), null, 1, 0, 5, 1), X);
        Refused("expected a residual of 2x4x9x8, found 2x6x9x8", new Conv2dOp(Weight(4, 6, 3, 3), null, 1, 1, 1, 1) { Residual = true }, X,
            X);
        Refused("expected 2 inputs, found 1", new Conv2dOp(Weight(4, 6, 3, 3), null, 1, 1, 1, 1) { Residual = true }, X);
        Refused("expected 5 input channels", new ConvTranspose2dOp(Weight(5, 4, 4, 4), null, 2, 1), X);
        Refused("leaves nothing", new ConvTranspose2dOp(Weight(6, 4, 1, 1), null, 1, 5), X);
        Refused("expected 3 input channels", new BatchNormOp(Weight(3), Weight(3), Weight(3), Weight(3), 1e-5f), X);
        Refused("6 channels do not divide into 4 groups", new GroupNormOp(Weight(6), Weight(6), 4, 1e-5f), X);
        Refused("padding 2 is more than half of the kernel, 3", new MaxPool2dOp(3, 2, 2, false), X);
        Refused("9 x 8 is smaller than the window, 10", new MaxPool2dOp(10, 1, 0, false), X);
        Refused("found 2x3x8x8", new ConcatOp(), X, new Shape(2, 3, 8, 8));
        Refused("expected at least one input", new ConcatOp());
        Refused("2x6x9x8 and 2x5x9x8 do not match", new AddOp(), X, X with { C = 5 });
        Refused("2x6x9x8 and 1x6x9x8 do not match", new MulOp(), X, X with { N = 1 });
        Refused("2x6x9x8 and 2x6x1x8 do not match", new MulOp(), X, X with { H = 1 });
        Refused("must agree", new PositionAttentionOp(), X, X with { C = 5 }, X);
        Refused("must agree", new PositionAttentionOp(), X, X, X with { H = 5 });
        Refused("expected 1 inputs, found 2", new ActivationOp(Activation.ReLU), X, X);
        Refused("expected 2 inputs, found 1", new UpsampleBilinearOp(0, true), X);
    }

    [Fact]
    public void A_shape_error_names_the_module_and_the_operation()
    {
        ShapeException error = Assert.Throws<ShapeException>(() => Graph.Record(
            X, x => x.ApplyAt("decoder.block1.conv", new Conv2dOp(Weight(4, 5, 3, 3), null, 1, 0, 1, 1))));
        Assert.Equal("decoder.block1.conv (conv2d): expected 5 input channels, found 2x6x9x8", error.Message);
    }

    [Fact]
    public void Multiply_accumulates_are_counted_for_convolutions_alone()
    {
        Graph graph = Graph.Record(X, x =>
        {
            Tensor y = x.ApplyAt("a", new Conv2dOp(Weight(4, 3, 3, 5), null, 2, 1, 1, 2)); // 2x4x5x3
            y = y.ApplyAt("b", new ConvTranspose2dOp(Weight(4, 7, 4, 4), null, 2, 1)); // 2x7x10x6
            return y.ReLU().AdaptiveAvgPool2d(1).Mul(y);
        });
        Assert.Equal(new Shape(2, 4, 5, 3), graph.Nodes[1].Shape);
        Assert.Equal(2 * 4 * 5 * 3 * (3 * 3 * 5), graph.Nodes[1].Macs);
        Assert.Equal(2 * 4 * 5 * 3 * (7 * 4 * 4), graph.Nodes[2].Macs);
        Assert.Equal(graph.Nodes[1].Macs + graph.Nodes[2].Macs, graph.Macs);
    }

    private static void Refused(string part, Op op, params Shape[] inputs) =>
        Assert.Contains(part, Assert.Throws<ShapeException>(() => op.Infer(inputs)).Message);

    private static Parameter Weight(params int[] dims) =>
        new("weight", dims, () => throw new InvalidOperationException("shapes need no values"));
}
