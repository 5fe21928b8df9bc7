using LungSeg.Engine.Backends.Cuda.Driver;

namespace LungSeg.CudaStub;

internal sealed record StubModule(string Ptx)
{
    public Dictionary<string, nint> Functions { get; } = [];

    public bool Has(string entry) => Ptx.Contains($".entry {entry}(", StringComparison.Ordinal);
}

internal sealed record StubFunction(StubModule Module, string Entry)
{
    /// <summary>Dynamic shared memory that a launch may have; more than this must be asked for.</summary>
    public int MaxShared { get; set; } = 48 << 10;
}

internal sealed class StubStream
{
    public Queue<Action> Pending { get; } = new();

    public List<Action>? Captured { get; set; }

    public bool CaptureInvalidated { get; set; }

    /// <summary>Does what waits; a fault in it comes back as a failed launch once and for all, as the driver does.</summary>
    public CudaResult Drain()
    {
        while (Pending.TryDequeue(out Action? work)) work();
        return CudaResult.Success;
    }
}

internal sealed class StubEvent
{
    public StubStream? Stream { get; set; }

    public float Time { get; set; }
}

internal sealed record StubGraph(Action[] Work);

internal sealed record StubGraphExec(Action[] Work);
