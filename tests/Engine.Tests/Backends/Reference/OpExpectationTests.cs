using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Tests.Backends.Reference;

public sealed class OpExpectationTests
{
    public static TheoryData<string> Cases => [.. OpExpectation.Names];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Each_operation_gives_what_PyTorch_gives(string name)
    {
        var expectation = new OpExpectation(name);
        Map[] inputs = expectation.Inputs;
        Tensor[] tensors = [.. inputs.Select((map, i) => Tensor.Create(new InputOp(map.Shape), [], $"x{i}"))];
        Map expected = expectation.Expected;

        Tensor node = Tensor.Create(expectation.Op, tensors, name);
        Assert.Equal(expected.Shape, node.Shape);
        var actual = new Map(node.Shape);
        Engine.Backends.Reference.Kernels.Bind(node)(inputs, actual);

        // Both round a double once. PyTorch resizes in float32 from end to end: a few more roundings.
        double ulps = expectation.OpName == "upsample_bilinear" ? 3 : 1;
        double largest = expected.Values.Max(Math.Abs);
        for (int i = 0; i < expected.Values.Length; i++)
        {
            double bound = (ulps * Math.ScaleB(Math.Abs(expected.Values[i]), -23)) + (ulps > 1 ? ulps * Math.ScaleB(largest, -24) : 1e-12);
            Assert.True(
                Math.Abs((double)actual.Values[i] - expected.Values[i]) <= bound,
                $"{name}: expected {expected.Values[i]:R} at element {i} of {expected.Shape}, found {actual.Values[i]:R}");
        }
    }

    [Fact]
    public void Every_operation_has_expectations()
    {
        string[] covered = [.. OpExpectation.Names.Select(name => new OpExpectation(name).OpName).Distinct().Order(StringComparer.Ordinal)];
        Assert.Equal(
            [
                "activation", "adaptive_avg_pool2d", "add", "batch_norm", "cat", "conv2d", "conv_transpose2d", "group_norm",
                "max_pool2d", "mul", "position_attention", "upsample_bilinear", "upsample_nearest",
            ],
            covered);
    }
}
