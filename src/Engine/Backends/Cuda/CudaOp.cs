namespace LungSeg.Engine.Backends.Cuda;

/// <summary>The launches that compute a node, chosen for its shape and the device, to be bound to memory later.</summary>
internal abstract class CudaOp(Tensor node)
{
    public Tensor Node { get; } = node;

    /// <summary>Whether it reads the graph's input as it comes, planar.</summary>
    public virtual bool ReadsPlanar => false;

    /// <summary>Bytes of each piece of working memory that it needs while it runs.</summary>
    public virtual IReadOnlyList<long> Workspaces => [];

    /// <summary>Adds the launches, with addresses of maps and weights.</summary>
    public abstract void Bind(Binder binder);
}
