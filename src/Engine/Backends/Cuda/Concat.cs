using LungSeg.Engine.Ops;
using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>
/// A concatenation: nothing for parts that were written in place; the others are copied, vector by vector where the channels
/// begin at multiples of 8, element by element otherwise.
/// </summary>
internal sealed class Concat : CudaOp
{
    private readonly bool _aligned;
    private readonly KernelInfo _kernel;

    public Concat(Tensor node, PrecisionKernels kernels) : base(node)
    {
        _aligned = IsAligned(node);
        _kernel = kernels.One(KernelFamily.CopyChannels, node, single: !_aligned);
    }

    /// <summary>Whether every part begins at a whole vector; the last one may end within one.</summary>
    public static bool IsAligned(Tensor node) => node.Op is ConcatOp && node.Inputs[^1].Shape.C > 1
        && node.Inputs.SkipLast(1).All(part => part.Shape.C % CudaMap.Lanes == 0);

    public override void Bind(Binder binder)
    {
        CudaMap target = binder[Node];
        int channel = 0;
        for (int i = 0; i < Node.Inputs.Count; i++)
        {
            CudaMap part = binder[Node.Inputs[i]];
            if (!binder.IsInPlace(Node, i))
            {
                // Element by element the last part clears the padding behind it.
                int written = _aligned || i < Node.Inputs.Count - 1 ? part.Shape.C : CudaMap.Padded(target.Shape.C) - channel;
                CudaMap slice = new(target.Address + (ulong)(channel * binder.ElementBytes), part.Shape with { C = written },
                    target.PixelStride);
                long items = _aligned ? slice.Items : (long)slice.Shape.H * slice.Shape.W * written;
                binder.LaunchItems(Node, _kernel, items, new PixelParameters { Input = part, Output = slice, Batch = part.Shape.N });
            }
            channel += part.Shape.C;
        }
    }
}
