namespace LungSeg.Engine.Backends.Reference;

/// <summary>Runs the nodes in order, each into a new map that is dropped after its last reader.</summary>
internal sealed class ReferencePlan : Plan
{
    private readonly Node[] _nodes;
    private readonly ReferenceBuffer _input;
    private readonly (ReferenceBuffer Buffer, int Node)[] _outputs;

    public ReferencePlan(Graph graph, IReadOnlyList<Kernel> kernels, UseCount model) : base(model)
    {
        Dictionary<Tensor, int> index = graph.Nodes.Select((tensor, i) => (tensor, i)).ToDictionary(p => p.tensor, p => p.i);
        int[] lastReader = [.. Enumerable.Range(0, graph.Nodes.Count)];
        for (int i = 0; i < lastReader.Length; i++)
        {
            foreach (Tensor input in graph.Nodes[i].Inputs) lastReader[index[input]] = i;
        }
        foreach (Tensor output in graph.Outputs) lastReader[index[output]] = int.MaxValue;

        _nodes =
        [
            .. graph.Nodes.Select((tensor, i) => new Node(
                kernels[i],
                tensor.Shape,
                [.. tensor.Inputs.Select(input => index[input])],
                [.. Enumerable.Range(0, i + 1).Where(earlier => lastReader[earlier] == i)])),
        ];
        _input = new ReferenceBuffer(graph.Input.Shape, Uses);
        _outputs = [.. graph.Outputs.Select(output => (new ReferenceBuffer(output.Shape, Uses), index[output]))];
        Outputs = [.. _outputs.Select(output => output.Buffer)];
        ArenaBytes = PeakBytes();
        Steps = [.. graph.Nodes.Select(node => PlanStep.Of("plain loops", node))];
    }

    public override Buffer Input => _input;

    public override IReadOnlyList<Buffer> Outputs { get; }

    public override long ArenaBytes { get; }

    public override IReadOnlyList<PlanStep> Steps { get; }

    private protected override void Run(CancellationToken cancellation) => Run(null, cancellation);

    private protected override IReadOnlyList<StepSpan> RunProfiled()
    {
        var clock = new StepClock(_nodes.Length, workers: 1);
        Run(clock, CancellationToken.None);
        return clock.Spans();
    }

    private void Run(StepClock? clock, CancellationToken cancellation)
    {
        var maps = new Map?[_nodes.Length];
        for (int i = 0; i < maps.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            clock?.Begin(i, worker: 0);
            Node node = _nodes[i];
            var map = new Map(node.Shape);
            if (i == 0) _input.Read(map.Values);
            else node.Kernel([.. node.Inputs.Select(input => maps[input]!)], map);
            maps[i] = map;
            foreach (int done in node.Last) maps[done] = null;
            clock?.End(i, worker: 0);
        }
        foreach ((ReferenceBuffer buffer, int node) in _outputs) buffer.Write(maps[node]!.Values);
    }

    private long PeakBytes()
    {
        long live = 0, peak = 0;
        foreach (Node node in _nodes)
        {
            live += node.Shape.Count;
            peak = Math.Max(peak, live);
            live -= node.Last.Sum(done => _nodes[done].Shape.Count);
        }
        return peak * sizeof(float);
    }

    /// <summary>One step: what it reads, and which maps nobody reads after it.</summary>
    private sealed record Node(Kernel Kernel, Shape Shape, int[] Inputs, int[] Last);
}
