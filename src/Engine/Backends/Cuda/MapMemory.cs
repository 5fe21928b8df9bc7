using LungSeg.Engine.Backends.Cuda.Driver;
using LungSeg.Engine.Passes;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>
/// Where a plan's tensors lie: one arena by lifetime, and apart from it the planar input and outputs, which are copied from and to the
/// host.
/// </summary>
internal sealed class MapMemory : IDisposable
{
    private const int Alignment = 256;
    private readonly FusionPlan _plan;
    private readonly Dictionary<Tensor, int> _places = [];
    private readonly Dictionary<(Tensor Node, int Index), int> _workspaces = [];
    private readonly Dictionary<Tensor, int> _planarMaps = [];

    public MapMemory(CudaContext context, FusionPlan plan, IReadOnlyList<CudaOp> ops, int elementBytes)
    {
        _plan = plan;
        ElementBytes = elementBytes;
        Graph graph = plan.Graph;
        FindPlanarMaps();
        Arena = new DeviceSlices(context, PlaceMaps(ops), $"the maps of {graph.Input.Shape}");
        try
        {
            Tensor[] planar = [graph.Input, .. graph.Outputs];
            Planar = new DeviceSlices(
                context, DeviceSlice.InOrder([.. planar.Select(tensor => tensor.Shape.Count * sizeof(float))]),
                $"the input and outputs of {graph.Input.Shape}");
        }
        catch
        {
            Arena.Dispose();
            throw;
        }
    }

    /// <summary>Bytes of a map's element.</summary>
    public int ElementBytes { get; }

    /// <summary>Maps and workspaces.</summary>
    public DeviceSlices Arena { get; }

    /// <summary>The input as planar float32, then the outputs.</summary>
    public DeviceSlices Planar { get; }

    public ulong PlanarInput => Planar[0];

    public CudaMap this[Tensor tensor]
    {
        get
        {
            if (_planarMaps.TryGetValue(tensor, out int output)) return new CudaMap(PlanarOutput(output), tensor.Shape);
            if (_plan.SliceOf(tensor) is { } slice)
            {
                CudaMap host = this[slice.Host];
                return new CudaMap(host.Address + (ulong)(slice.Channel * ElementBytes), tensor.Shape, host.PixelStride);
            }
            return new CudaMap(Arena[_places[tensor]], tensor.Shape);
        }
    }

    /// <summary>One of a node's <see cref="CudaOp.Workspaces"/>.</summary>
    public ulong Workspace(Tensor node, int index) => Arena[_workspaces[(node, index)]];

    /// <summary>An output's planar float32.</summary>
    public ulong PlanarOutput(int index) => Planar[1 + index];

    /// <summary>Whether an output is written as planar float32 by whoever makes it.</summary>
    public bool IsPlanarAlready(int output) => _planarMaps.TryGetValue(_plan.Graph.Outputs[output], out int first) && first == output;

    public bool IsInPlace(Tensor concat, int part) =>
        _plan.SliceOf(concat.Inputs[part]) is { } slice && slice.Host == concat && slice.Part == part;

    public void Dispose()
    {
        Arena.Dispose();
        Planar.Dispose();
    }

    // A float32 map of one channel is planar as it is.
    private void FindPlanarMaps()
    {
        if (ElementBytes != sizeof(float)) return;
        for (int i = 0; i < _plan.Graph.Outputs.Count; i++)
        {
            Tensor output = _plan.Graph.Outputs[i];
            if (output.Shape.C == 1 && output != _plan.Graph.Input && _plan.SliceOf(output) is null) _planarMaps.TryAdd(output, i);
        }
    }

    private IReadOnlyList<DeviceSlice> PlaceMaps(IReadOnlyList<CudaOp> ops)
    {
        var lives = new List<Lifetime>();
        bool unpacked = ops.Any(op => op.Node == _plan.Graph.Input);
        foreach ((Tensor tensor, (int first, int last)) in _plan.Lives)
        {
            if (_planarMaps.ContainsKey(tensor) || (tensor == _plan.Graph.Input && !unpacked)) continue;
            _places.Add(tensor, lives.Count);
            // Kernels count the elements of an image in 32 bits.
            if (CudaMap.Elements(tensor.Shape) / tensor.Shape.N > int.MaxValue)
                throw new DeviceException(
                    $"{tensor.Op.Name} at {tensor.Path} gives {tensor.Shape}, which is too large for a GPU's kernels; use a smaller size");
            lives.Add(new Lifetime((nint)(CudaMap.Elements(tensor.Shape) * ElementBytes), first, last));
        }
        foreach (CudaOp op in ops)
        {
            int step = _plan.StepOf(op.Node);
            IReadOnlyList<long> workspaces = op.Workspaces;
            for (int i = 0; i < workspaces.Count; i++)
            {
                _workspaces.Add((op.Node, i), lives.Count);
                lives.Add(new Lifetime((nint)workspaces[i], step, step));
            }
        }
        (nint[] offsets, _) = MemoryPlan.Place(lives, Alignment);
        return [.. lives.Select((life, i) => new DeviceSlice(offsets[i], life.Size))];
    }
}
