using System.Runtime.Intrinsics;
using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Passes;

namespace LungSeg.Engine.Backends.Cpu;

/// <summary>A network's packed weights: each packed when the first plan needs it in some form, and shared from then on.</summary>
internal sealed class CpuModel : Model
{
    private const long CollectedFloats = 8 << 20;
    private readonly FusionPatterns _patterns;
    private readonly InstructionSet _set;
    private readonly Workers _workers;
    private readonly Lock _packing = new();
    private readonly Dictionary<(Op Op, WeightForm Form), IDisposable> _packed = [];
    private long _readFloats;

    public CpuModel(Graph graph, FusionPatterns patterns, InstructionSet set, Workers workers) : base(graph)
    {
        _patterns = patterns;
        _set = set;
        _workers = workers;
        foreach (Tensor node in graph.Nodes)
        {
            if (!PlanBuilder.Supports(node.Op))
                throw new DeviceException($"the CPU backend has no kernel for {node.Op.Name} at {node.Path}");
        }
    }

    public override Plan Plan(int n, int h, int w)
    {
        if (n < 1 || h < 1 || w < 1) throw new ShapeException($"expected a batch, height and width of at least 1, found {n}, {h}, {w}");
        FusionPlan plan = FusionPlan.Of(Graph.WithInput(new Shape(n, Graph.Input.Shape.C, h, w)), CpuFusion.Instance, _patterns);
        // With one thread there is no processor to spare for it.
        using JitWarmup? warmup = _workers.Count > 1 ? new JitWarmup() : null;
        return _set switch
        {
            InstructionSet.Avx512 => new PlanBuilder<Simd512, Vector512<float>>(this, plan, _workers, warmup).Build(),
            InstructionSet.Avx2 => new PlanBuilder<Simd256, Vector256<float>>(this, plan, _workers, warmup).Build(),
            _ => new PlanBuilder<Simd128, Vector128<float>>(this, plan, _workers, warmup).Build(),
        };
    }

    /// <summary>An operation's weights in some form, packed at the first call.</summary>
    public T Packed<T>(Op op, WeightForm form, Func<T> pack) where T : IDisposable
    {
        lock (_packing)
        {
            if (_packed.TryGetValue((op, form), out IDisposable? packed)) return (T)packed;
            T made = pack();
            _packed[(op, form)] = made;
            // The arrays that large weights were read into are garbage now, and would pile up beside their packed forms.
            _readFloats += op.Parameters.Sum(parameter => parameter.Count);
            if (_readFloats > CollectedFloats)
            {
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                _readFloats = 0;
            }
            return made;
        }
    }

    protected override void Dispose(bool disposing)
    {
        foreach (IDisposable packed in _packed.Values) packed.Dispose();
        _packed.Clear();
        base.Dispose(disposing);
    }
}
