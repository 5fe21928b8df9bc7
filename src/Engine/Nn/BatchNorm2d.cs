using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Nn;

/// <summary>PyTorch's <c>nn.BatchNorm2d</c> at inference.</summary>
internal sealed class BatchNorm2d : Layer
{
    private readonly BatchNormOp _op;

    /// <summary>Takes weight, bias and running statistics; <c>num_batches_tracked</c> is known and never read.</summary>
    public BatchNorm2d(WeightScope w, int channels, float eps = 1e-5f) : base(w)
    {
        _op = new BatchNormOp(
            w.Get("weight", channels), w.Get("bias", channels), w.Get("running_mean", channels), w.Get("running_var", channels), eps);
        w.Get("num_batches_tracked");
    }

    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x) => x.ApplyAt(Path, _op);
}
