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
    private readonly Dictionary<Tensor, ulong> _offsets = [];
    private readonly Dictionary<Tensor, ulong> _temporaries = [];
    private readonly Dictionary<Tensor, int> _planarMaps = [];
    private readonly ulong[] _outputOffsets;
    private readonly DeviceMemory _arena;
    private readonly DeviceMemory _planar;

    public MapMemory(CudaContext context, Graph graph, IReadOnlyList<Routine> routines, int elementBytes)
    {
        _graph = graph;
        ElementBytes = elementBytes;
        HashSet<Tensor> made = [.. routines.Select(routine => routine.Node)];
        FindSlices(made);

        (_outputOffsets, long planarBytes) = PlacePlanar();
        InputBytes = graph.Input.Shape.Count * sizeof(float);
        OutputBytes = planarBytes - (long)_outputOffsets[0];
        FindPlanarMaps(made);

        long arenaBytes = PlaceMaps(routines);
        _arena = new DeviceMemory(context, (nuint)arenaBytes, $"the maps of {graph.Input.Shape}");
        try
        {
            _planar = new DeviceMemory(context, (nuint)planarBytes, $"the input and outputs of {graph.Input.Shape}");
        }
        catch
        {
            _arena.Dispose();
            throw;
        }
    }

    /// <summary>Bytes of a map's element.</summary>
    public int ElementBytes { get; }

    public DeviceMemory Arena => _arena;

    /// <summary>The planar input, outputs behind it.</summary>
    public DeviceMemory Planar => _planar;

    public ulong PlanarInput => _planar.Address;

    public long InputBytes { get; }

    /// <summary>All outputs together, gaps included.</summary>
    public long OutputBytes { get; }

    public ulong FirstOutput => _planar.Address + _outputOffsets[0];

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
            return new CudaMap(_arena.Address + _offsets[tensor], tensor.Shape);
        }
    }

    public ulong Temporary(Tensor node) => _arena.Address + _temporaries[node];

    /// <summary>An output's planar float32.</summary>
    public ulong PlanarOutput(int index) => _planar.Address + _outputOffsets[index];

    /// <summary>An output's planar float32 from the first output's on, in bytes.</summary>
    public long OffsetOfOutput(int index) => (long)(_outputOffsets[index] - _outputOffsets[0]);

    /// <summary>Whether an output is written as planar float32 by whoever makes it.</summary>
    public bool IsPlanarAlready(int output) => _planarMaps.TryGetValue(_graph.Outputs[output], out int first) && first == output;

    public bool IsInPlace(Tensor concat, int part) => _inPlace.ContainsKey((concat, part));

    public void Dispose()
    {
        _arena.Dispose();
        _planar.Dispose();
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

    private (ulong[] Offsets, long Bytes) PlacePlanar()
    {
        long next = Aligned(_graph.Input.Shape.Count * sizeof(float));
        var offsets = new ulong[_graph.Outputs.Count];
        for (int i = 0; i < offsets.Length; i++)
        {
            offsets[i] = (ulong)next;
            next += Aligned(_graph.Outputs[i].Shape.Count * sizeof(float));
        }
        return (offsets, next);
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

    private long PlaceMaps(IReadOnlyList<Routine> routines)
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
        var owners = new List<Action<ulong>>();
        foreach ((Tensor host, int begin) in first.Where(pair => !_planarMaps.ContainsKey(pair.Key)))
        {
            lives.Add(new Lifetime((nint)(CudaMap.Elements(host.Shape) * ElementBytes), begin, last[host]));
            owners.Add(offset => _offsets[host] = offset);
        }
        for (int step = 0; step < routines.Count; step++)
        {
            Routine routine = routines[step];
            if (routine.TemporaryBytes == 0) continue;
            lives.Add(new Lifetime((nint)routine.TemporaryBytes, step, step));
            owners.Add(offset => _temporaries[routine.Node] = offset);
        }
        (nint[] offsets, nint size) = MemoryPlan.Place(lives, Alignment);
        for (int i = 0; i < offsets.Length; i++) owners[i]((ulong)offsets[i]);
        return size;
    }

    private Tensor Host(Tensor tensor) => _slices.TryGetValue(tensor, out (Tensor Host, int Channel) slice) ? Host(slice.Host) : tensor;

    private static long Aligned(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;
}
