using LungSeg.Engine.Backends.Reference;

namespace LungSeg.Engine.Tests.Backends;

/// <summary>The reference against itself, which tries the kit.</summary>
public sealed class ReferenceBackendTests : BackendTests
{
    // Nothing but itself: not one rounding is allowed.
    private protected override Arithmetic Arithmetic => Arithmetic.Exact;

    protected override int Iterations => 20;

    protected override bool AllocatesNothing => false;

    protected override IBackend Create() => new ReferenceBackend();
}

/// <summary>The reference on what the standard passes make of the graph, so that the passes are tried like a backend.</summary>
public sealed class FusedReferenceBackendTests : BackendTests
{
    protected override int Iterations => 40;

    protected override bool AllocatesNothing => false;

    protected override IBackend Create() => new FusedReferenceBackend();
}
