using LungSeg.Engine.Ops;
using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>A run of channels: copied vector by vector where it begins at a multiple of 8, element by element otherwise.</summary>
internal sealed class ChannelSlice : CudaOp
{
    private readonly int _start;
    private readonly bool _aligned;
    private readonly KernelInfo _kernel;

    public ChannelSlice(Tensor node, SliceOp op, PrecisionKernels kernels) : base(node)
    {
        _start = op.Start;
        _aligned = op.Start % CudaMap.Lanes == 0 && node.Shape.C > 1;
        _kernel = kernels.One(KernelFamily.CopyChannels, node, single: !_aligned);
    }

    public override void Bind(Binder binder)
    {
        CudaMap source = binder[Node.Inputs[0]], target = binder[Node];
        var part = new CudaMap(source.Address + (ulong)(_start * binder.ElementBytes), target.Shape, source.PixelStride);
        // Element by element the padding behind it is cleared.
        CudaMap written = _aligned ? target : target with { Shape = target.Shape with { C = CudaMap.Padded(target.Shape.C) } };
        long items = _aligned ? target.Items : (long)written.Shape.H * written.Shape.W * written.Shape.C;
        binder.LaunchItems(Node, _kernel, items, new PixelParameters { Input = part, Output = written, Batch = target.Shape.N });
    }
}
