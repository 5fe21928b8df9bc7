using LungSeg.PtxInterpreter.Execution;

namespace LungSeg.PtxInterpreter.Operations;

/// <summary>An instruction with two results.</summary>
internal sealed class Sequence(Operation first, Operation second) : Operation
{
    public override void Execute(Warp warp, uint mask)
    {
        first.Execute(warp, mask);
        second.Execute(warp, mask);
    }
}
