using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Passes;

/// <summary>
/// Folds convolutions of one input whose results are summed into one convolution: the smaller kernel joins the larger one at its place, and
/// a batch norm of the input itself is a 1x1 kernel that keeps each channel (Ding et al. 2021, arXiv:2101.03697). Needs batch norms folded
/// into their convolutions before.
/// </summary>
internal static class FoldBranches
{
    /// <summary>Folds wherever nothing else reads the branches' own results.</summary>
    public static Graph Apply(Graph graph) => graph.Rewrite((node, inputs) =>
    {
        bool areBranches = node.Op is AddOp && inputs[0].Shape == inputs[1].Shape
            && node.Inputs.All(input => graph.Consumers[input] == 1) && inputs[0].Inputs.Count == 1 && inputs[1].Inputs.Count == 1
            && inputs[0].Inputs[0] == inputs[1].Inputs[0];
        return areBranches && Sum(inputs[0].Op, inputs[1].Op) is Conv2dOp sum
            ? Tensor.Create(sum with { Activation = ((AddOp)node.Op).Activation }, inputs[0].Inputs, node.Path)
            : Tensor.Create(node.Op, inputs, node.Path);
    });

    // Null where the sum is no convolution.
    private static Conv2dOp? Sum(Op first, Op second)
    {
        if ((first as Conv2dOp ?? second as Conv2dOp) is not Conv2dOp conv) return null;
        if (AsConv(first, conv) is not Conv2dOp a || AsConv(second, conv) is not Conv2dOp b) return null;
        (Conv2dOp large, Conv2dOp small) = a.R * a.S >= b.R * b.S ? (a, b) : (b, a);
        int top = large.Padding.Top - small.Padding.Top, left = large.Padding.Left - small.Padding.Left;
        bool fits = large.Stride == small.Stride && large.Groups == small.Groups && large is { Dilation: 1 } && small is { Dilation: 1 }
            && top >= 0 && left >= 0 && top + small.R <= large.R && left + small.S <= large.S;
        if (!fits) return null;
        return large with
        {
            Weight = new Parameter(large.Weight.Key, large.Weight.Dims, () => Place(large, small, top, left)),
            Bias = large.Bias is null ? small.Bias : small.Bias is null ? large.Bias
                : new Parameter(large.Bias.Key, large.Bias.Dims, () => Add(large.Bias.Read(), small.Bias.Read())),
        };
    }

    private static Conv2dOp? AsConv(Op op, Conv2dOp beside) => op switch
    {
        Conv2dOp { Activation: Activation.None, Residual: false, WeightScale: null } conv => conv,
        BatchNormOp { Activation: Activation.None } norm when beside.Stride == 1 && beside.C == beside.K => Kept(norm, beside),
        _ => null,
    };

    // A 1x1 kernel that multiplies each channel, in the groups of the convolution beside it.
    private static Conv2dOp Kept(BatchNormOp norm, Conv2dOp beside)
    {
        int channels = beside.K, perGroup = channels / beside.Groups;
        var weight = new Parameter(norm.Weight.Key, [channels, perGroup, 1, 1], () =>
        {
            float[] values = new float[channels * perGroup], scale = FoldBatchNorm.ScaleAndShift(norm).Scale;
            for (int k = 0; k < channels; k++) values[(k * perGroup) + (k % perGroup)] = scale[k];
            return values;
        });
        var bias = new Parameter(norm.Bias.Key, norm.Bias.Dims, () => FoldBatchNorm.ScaleAndShift(norm).Shift);
        return new Conv2dOp(weight, bias, Stride: 1, Padding: 0, Dilation: 1, beside.Groups);
    }

    private static float[] Place(Conv2dOp large, Conv2dOp small, int top, int left)
    {
        float[] values = large.Weight.Read(), added = small.Weight.Read();
        for (int i = 0; i < added.Length; i++)
        {
            (int kernel, int tap) = Math.DivRem(i, small.R * small.S);
            (int r, int s) = Math.DivRem(tap, small.S);
            values[(((kernel * large.R) + top + r) * large.S) + left + s] += added[i];
        }
        return values;
    }

    private static float[] Add(float[] values, float[] added)
    {
        for (int i = 0; i < values.Length; i++) values[i] += added[i];
        return values;
    }
}
