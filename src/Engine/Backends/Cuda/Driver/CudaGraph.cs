namespace LungSeg.Engine.Backends.Cuda.Driver;

/// <summary>Captured work, ready to be launched at once as often as wanted.</summary>
internal sealed unsafe class CudaGraph : CudaHandle
{
    /// <summary>Takes over a captured graph, which is needed no more once it is instantiated.</summary>
    public CudaGraph(CudaContext context, nint captured) : base(context, Instantiate(context, captured)) { }

    public void Launch(CudaStream stream) => Context.Check(Context.Driver.GraphLaunch(Handle, stream.Handle), "cuGraphLaunch");

    protected override CudaResult Release(nint value) => Context.Driver.GraphExecDestroy(value);

    private static nint Instantiate(CudaContext context, nint captured)
    {
        nint executable;
        CudaResult result = context.Driver.GraphInstantiate(&executable, captured, 0);
        context.Driver.GraphDestroy(captured);
        context.Check(result, "cuGraphInstantiateWithFlags");
        return executable;
    }
}
