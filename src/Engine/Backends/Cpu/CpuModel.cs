using System.Diagnostics;
using System.Runtime.Intrinsics;
using LungSeg.Engine.Backends.Cpu.Convolution;
using LungSeg.Engine.Backends.Cpu.Int8;
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
    private readonly IntegerPath _path;
    private readonly Workers _workers;
    private readonly bool _compactsHeap;
    private readonly Lock _packing = new();
    private readonly Dictionary<(Op Op, WeightForm Form), IDisposable> _packed = [];
    private long _readFloats;

    public CpuModel(
        Graph graph, FusionPatterns patterns, InstructionSet set, IntegerPath path, Workers workers, bool compactsHeap, UseCount backend)
        : base(graph, backend)
    {
        _path = path;
        _patterns = patterns;
        _set = set;
        _workers = workers;
        _compactsHeap = compactsHeap;
        foreach (Tensor node in graph.Nodes)
        {
            if (!PlanBuilder.Supports(node.Op))
                throw new DeviceException($"the CPU backend has no kernel for {node.Op.Name} at {node.Path}");
        }
    }

    /// <summary>An operation's weights in some form, packed at the first call.</summary>
    public T Packed<T>(Op op, WeightForm form, Func<T> pack) where T : IDisposable
    {
        lock (_packing)
        {
            if (_packed.TryGetValue((op, form), out IDisposable? packed)) return (T)packed;
            T made = pack();
            _packed[(op, form)] = made;
            if (_compactsHeap) CompactHeap(op);
            return made;
        }
    }

    // The arrays that large weights were read into are garbage now, and would pile up beside their packed forms.
    private void CompactHeap(Op packed)
    {
        _readFloats += packed.Parameters.Sum(parameter => parameter.Count);
        if (_readFloats <= CollectedFloats) return;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        _readFloats = 0;
    }

    /// <summary>Bytes of the weights that are packed so far.</summary>
    public long PackedBytes
    {
        get
        {
            lock (_packing) return _packed.Values.Sum(packed => packed switch
            {
                PackedWeights weights => weights.Bytes,
                Int8Weights weights => weights.Bytes,
                Int8DepthwiseWeights weights => weights.Bytes,
                _ => ((NativeMemoryBlock)packed).Floats * sizeof(float),
            });
        }
    }

    internal override MemoryNeed Measure(int n, int h, int w)
    {
        using UseCount.Use use = Uses.Enter();
        // Another model: what this one has packed already counts too.
        using var model = new CpuModel(Graph, _patterns, _set, _path, _workers, compactsHeap: false, Uses);
        using var measure = new MemoryMeasure();
        using Plan plan = model.Plan(n, h, w);
        return new MemoryNeed(measure.Bytes - plan.ArenaBytes, plan.ArenaBytes);
    }

    private protected override Plan Build(Graph graph)
    {
        if (graph.Nodes.Any(Int8Builder.Takes))
        {
            // Float32 layers among integer ones give the same bits on every processor, too.
            FusionPlan integers = FusionPlan.Of(graph, Int8Fusion.Instance, _patterns);
            return new PlanBuilder<Exact, Vector512<float>>(this, integers, _workers, _path).Build();
        }
        FusionPlan plan = FusionPlan.Of(graph, CpuFusion.Instance, _patterns);
        return _set switch
        {
            InstructionSet.Avx512 when InstructionSets.HasAvx512 =>
                new PlanBuilder<Simd512, Vector512<float>>(this, plan, _workers).Build(),
            InstructionSet.Avx2 when InstructionSets.HasAvx2 =>
                new PlanBuilder<Simd256, Vector256<float>>(this, plan, _workers).Build(),
            _ when InstructionSets.HasVector128 =>
                new PlanBuilder<Simd128, Vector128<float>>(this, plan, _workers).Build(),
            _ => throw new UnreachableException(),
        };
    }

    private protected override void Free()
    {
        foreach (IDisposable packed in _packed.Values) packed.Dispose();
        _packed.Clear();
    }
}
