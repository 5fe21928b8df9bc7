using LungSeg.Engine.Backends.Cpu.Int8;
using LungSeg.Engine.Passes;

namespace LungSeg.Engine.Backends.Cpu;

/// <summary>Working memory of a node's kernels, needed from the step that makes some tensor until the node's own.</summary>
internal sealed record Temporary(Tensor Owner, nint Floats, Tensor From);

/// <summary>
/// Where tensors and working memory lie in one arena, by lifetime alone. The planar input keeps its memory for the whole run, so that a
/// plan can be run again.
/// </summary>
internal sealed unsafe class PlanMemory
{
    // Kernels may read or write a vector past a buffer's end.
    private const nint Slack = 64;
    private readonly Dictionary<Tensor, CpuTensor> _maps = [];
    private readonly Dictionary<Tensor, ByteTensor> _bytes = [];
    private readonly Dictionary<Tensor, CpuTensor> _temporaries = [];

    public PlanMemory(FusionPlan plan, bool unpacksInput, IEnumerable<Temporary> temporaries)
    {
        var lives = new List<Lifetime>();
        var owners = new List<Action<nint>>();
        Tensor input = plan.Graph.Input;
        foreach (IGrouping<Tensor, Tensor> tensors in plan.Nodes.Select(node => node.Node).Prepend(input).GroupBy(plan.OwnerOf))
        {
            // All that lie in one place have one layout.
            Tensor tensor = tensors.Key;
            (int first, int last) = plan.Lives[tensor];
            if (tensor.Quantization is not null)
            {
                bool compact = ByteTensor.MayBeCompact(plan.Graph, tensor);
                nint length = (new ByteTensor(null, tensor.Shape, compact).Count + sizeof(float) - 1) / sizeof(float);
                Place(length, first, last, start =>
                {
                    foreach (Tensor same in tensors) _bytes[same] = new ByteTensor((byte*)start, same.Shape, compact);
                });
                continue;
            }
            bool planar = tensor == input;
            Place(new CpuTensor(null, tensor.Shape, planar).Count, planar ? 0 : first, planar ? int.MaxValue : last, start =>
            {
                foreach (Tensor same in tensors) _maps[same] = new CpuTensor(start, same.Shape, planar);
            });
        }
        foreach (Temporary temporary in temporaries)
        {
            Place(temporary.Floats, plan.StepOf(temporary.From), plan.StepOf(temporary.Owner), start =>
                _temporaries[temporary.Owner] = new CpuTensor(start, new Shape(1, 1, 1, (int)temporary.Floats)));
        }
        if (unpacksInput)
            Place(new CpuTensor(null, input.Shape).Count, 0, plan.Lives[input].Last, start => Unpacked = new CpuTensor(start, input.Shape));

        (nint[] offsets, nint floats) = MemoryPlan.Place(lives);
        Arena = new NativeMemoryBlock(floats + Slack);
        for (int i = 0; i < offsets.Length; i++) owners[i](offsets[i]);

        void Place(nint count, int first, int last, Owner owner)
        {
            lives.Add(new Lifetime(count + Slack, first, last));
            owners.Add(offset => owner(Arena!.Data + offset));
        }
    }

    private delegate void Owner(float* start);

    public NativeMemoryBlock Arena { get; }

    /// <summary>The graph's input in NHWC, for kernels that cannot read planar pixels.</summary>
    public CpuTensor Unpacked { get; private set; }

    /// <summary>A tensor where it lies: the graph's input planar, all others in NHWC.</summary>
    public CpuTensor this[Tensor tensor] => _maps[tensor];

    /// <summary>A tensor of bytes where it lies.</summary>
    public ByteTensor Bytes(Tensor tensor) => _bytes[tensor];

    /// <summary>A node's working memory.</summary>
    public CpuTensor Temporary(Tensor node) => _temporaries[node];
}
