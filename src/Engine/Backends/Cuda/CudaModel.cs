using LungSeg.Engine.Backends.Cuda.Driver;
using LungSeg.Engine.Passes;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>
/// A network on a GPU: every operation has its kernel, and the weights are packed when the first plan needs them in some form.
/// </summary>
internal sealed class CudaModel : Model
{
    private readonly CudaContext _context;
    private readonly KernelSet _set;
    private readonly PrecisionKernels _kernels;
    private readonly FusionPatterns _patterns;
    private readonly bool _stepwise;
    private readonly WeightStore _weights;
    private readonly Lock _planning = new();

    public CudaModel(Graph graph, CudaContext context, KernelSet set, PrecisionKernels kernels, FusionPatterns patterns, bool stepwise,
        UseCount backend)
        : base(graph, backend)
    {
        (_context, _set, _kernels, _patterns, _stepwise) = (context, set, kernels, patterns, stepwise);
        // An operation without a kernel is found now, whatever the sizes of the plans will be.
        CudaOps.Choose(Fuse(graph), kernels);
        _weights = new WeightStore(context);
    }

    private protected override Plan Build(Graph graph)
    {
        lock (_planning)
        {
            FusionPlan plan = Fuse(graph);
            IReadOnlyList<CudaOp> ops = CudaOps.Choose(plan, _kernels);
            var memory = new MapMemory(_context, plan, ops, _kernels.ElementBytes);
            try
            {
                var binder = new PlanBinder(_set, memory, _weights);
                foreach (CudaOp op in ops) op.Bind(binder);
                BindOutputs(graph, memory, binder);
                _set.Load(binder.Launches.Select(launch => launch.Kernel));
                _weights.Upload();
                return new CudaPlan(Uses, _context, _set, graph, memory, binder.Launches, Steps(plan, binder.Launches), _stepwise);
            }
            catch
            {
                memory.Dispose();
                throw;
            }
        }
    }

    private protected override void Free() => _weights.Dispose();

    private FusionPlan Fuse(Graph graph) => FusionPlan.Of(graph, CudaFusion.Of(_kernels), _patterns);

    private IReadOnlyList<PlanStep> Steps(FusionPlan plan, IReadOnlyList<Launch> launches)
    {
        Dictionary<Tensor, IReadOnlyList<Tensor>> unstored = plan.Nodes.ToDictionary(node => node.Node, node => node.Unstored);
        return PlanStep.Of(
            [.. launches.Select(launch => (launch.Node, launch.Kernel.Name))], node => unstored.GetValueOrDefault(node, []),
            _kernels.ElementBytes);
    }

    private void BindOutputs(Graph graph, MapMemory memory, Binder binder)
    {
        for (int i = 0; i < graph.Outputs.Count; i++)
        {
            if (memory.IsPlanarAlready(i)) continue;
            FromPlanar.Undo(graph.Outputs[i], memory.PlanarOutput(i), binder, _kernels);
        }
    }
}
