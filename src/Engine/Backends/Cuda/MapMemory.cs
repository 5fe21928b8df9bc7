using LungSeg.Engine.Backends.Cuda.Driver;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>
/// Where a plan's tensors lie: one arena by lifetime, and apart from it the planar input and outputs, which are copied from and to the
/// host. Parts of a concatenation are slices of it where their channels begin at a multiple of 8, so that their makers write them in place.
/// </summary>
internal sealed class MapMemory : IDisposable
{
    private const int Alignment = 256;
    private readonly Graph _graph;
    private readonly Dictionary<Tensor, (Tensor Host, int Channel)> _slices = [];
    private readonly Dictionary<(Tensor Host, int Part), Tensor> _inPlace = [];
    private readonly Dictionary<Tensor, int> _places = [];
    private readonly Dictionary<(Tensor Node, int Index), int> _workspaces = [];
    private readonly Dictionary<Tensor, int> _planarMaps = [];

    public MapMemory(CudaContext context, Graph graph, IReadOnlyList<Routine> routines, int elementBytes)
    {
        _graph = graph;
        ElementBytes = elementBytes;
        HashSet<Tensor> made = [.. routines.Select(routine => routine.Node)];
        FindSlices(made);
        FindPlanarMaps(made);
        Arena = new DeviceSlices(context, PlaceMaps(routines), $"the maps of {graph.Input.Shape}");
        try
        {
            Tensor[] planar = [graph.Input, .. graph.Outputs];
            Planar = new DeviceSlices(
                context, DeviceSlice.InOrder([.. planar.Select(tensor => tensor.Shape.Count * sizeof(float))]), $"the input and outputs of {graph.Input.Shape}");
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
            if (_slices.TryGetValue(tensor, out (Tensor Host, int Channel) slice))
            {
                CudaMap host = this[slice.Host];
                return new CudaMap(host.Address + (ulong)(slice.Channel * ElementBytes), tensor.Shape, host.PixelStride);
            }
            return new CudaMap(Arena[_places[tensor]], tensor.Shape);
        }
    }

    /// <summary>One of a node's <see cref="Routine.Workspaces"/>.</summary>
    public ulong Workspace(Tensor node, int index) => Arena[_workspaces[(node, index)]];

    /// <summary>An output's planar float32.</summary>
    public ulong PlanarOutput(int index) => Planar[1 + index];

    /// <summary>Whether an output is written as planar float32 by whoever makes it.</summary>
    public bool IsPlanarAlready(int output) => _planarMaps.TryGetValue(_graph.Outputs[output], out int first) && first == output;

    public bool IsInPlace(Tensor concat, int part) => _inPlace.ContainsKey((concat, part));

    public void Dispose()
    {
        Arena.Dispose();
        Planar.Dispose();
    }

    // Kernels write whole vectors: a part fits in place if it fills whole ones, or is the last, whose padding is the host's own. Where
    // one part does not, all are copied, element by element.
    private void FindSlices(HashSet<Tensor> made)
    {
        foreach (Tensor host in _graph.Nodes.Where(node => node.Op is ConcatOp && made.Contains(node)))
        {
            if (!Concat.IsAligned(host)) continue;
            int channel = 0;
            for (int part = 0; part < host.Inputs.Count; part++)
            {
                Tensor tensor = host.Inputs[part];
                if (tensor != _graph.Input && !_slices.ContainsKey(tensor))
                {
                    _slices.Add(tensor, (host, channel));
                    _inPlace.Add((host, part), tensor);
                }
                channel += tensor.Shape.C;
            }
        }
    }

    // A float32 map of one channel is planar as it is.
    private void FindPlanarMaps(HashSet<Tensor> made)
    {
        if (ElementBytes != sizeof(float)) return;
        for (int i = 0; i < _graph.Outputs.Count; i++)
        {
            Tensor output = _graph.Outputs[i];
            if (output.Shape.C == 1 && output != _graph.Input && made.Contains(output) && !_slices.ContainsKey(output)) _planarMaps.TryAdd(output, i);
        }
    }

    private IReadOnlyList<DeviceSlice> PlaceMaps(IReadOnlyList<Routine> routines)
    {
        Dictionary<Tensor, int> first = [], last = [];
        for (int step = 0; step < routines.Count; step++)
        {
            foreach (Tensor read in routines[step].Reads) last[Host(read)] = step;
            Tensor host = Host(routines[step].Node);
            first.TryAdd(host, step);
            last[host] = Math.Max(last.GetValueOrDefault(host), step);
        }
        foreach (Tensor output in _graph.Outputs) last[Host(output)] = routines.Count;

        var lives = new List<Lifetime>();
        foreach ((Tensor host, int begin) in first.Where(pair => !_planarMaps.ContainsKey(pair.Key)))
        {
            _places.Add(host, lives.Count);
            lives.Add(new Lifetime((nint)(CudaMap.Elements(host.Shape) * ElementBytes), begin, last[host]));
        }
        for (int step = 0; step < routines.Count; step++)
        {
            IReadOnlyList<long> workspaces = routines[step].Workspaces;
            for (int i = 0; i < workspaces.Count; i++)
            {
                _workspaces.Add((routines[step].Node, i), lives.Count);
                lives.Add(new Lifetime((nint)workspaces[i], step, step));
            }
        }
        (nint[] offsets, _) = MemoryPlan.Place(lives, Alignment);
        return [.. lives.Select((life, i) => new DeviceSlice(offsets[i], life.Size))];
    }

    private Tensor Host(Tensor tensor) => _slices.TryGetValue(tensor, out (Tensor Host, int Channel) slice) ? Host(slice.Host) : tensor;
}
