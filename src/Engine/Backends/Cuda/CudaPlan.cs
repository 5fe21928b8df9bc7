using System.Runtime.InteropServices;
using LungSeg.Engine.Backends.Cuda.Driver;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>
/// A network bound to one input shape on a GPU: its launches are captured once as a CUDA graph. A run copies the input from pinned memory,
/// launches the graph and copies the outputs back; all of it on the plan's own stream, so that several plans run side by side.
/// </summary>
internal sealed unsafe class CudaPlan : Plan, ITimedPlan
{
    private readonly CudaContext _context;
    private readonly KernelSet _kernels;
    private readonly MapMemory _memory;
    private readonly CudaStream _stream;
    private readonly PinnedMemory _staging;
    private readonly CudaGraph? _graph;
    private readonly List<CudaEvent> _events = [];
    private readonly List<IDisposable> _owned = [];
    private readonly string _where;

    /// <summary>
    /// Takes over the memory, to which the launches are bound. Stepwise each launch is waited for, to find the one at fault.
    /// </summary>
    public CudaPlan(
        UseCount model, CudaContext context, KernelSet kernels, Graph graph, MapMemory memory, IReadOnlyList<Launch> launches,
        IReadOnlyList<PlanStep> steps, bool stepwise)
        : base(model)
    {
        (_context, _kernels, _memory, Launches, Steps) = (context, kernels, memory, launches, steps);
        InputNode = graph.Input;
        _where = $"of {graph.Input.Shape}";
        try
        {
            _stream = new CudaStream(context);
            _staging = new PinnedMemory(context, (nuint)memory.Planar.Bytes);
            while (_events.Count < 4) _events.Add(new CudaEvent(context));
            NativeMemory.Clear(_staging.Data, _staging.Bytes);
            // What kernels read as padding must be a number, or weights of zero would not make it zero.
            memory.Arena.Clear(_stream);
            memory.Planar.Clear(_stream);
            _stream.Synchronize();
            if (!stepwise) _graph = _stream.Capture(PutAll);
        }
        catch
        {
            Free();
            throw;
        }
        Input = new CudaBuffer(graph.Input.Shape, Uses, (nint)_staging.Data);
        Outputs = [.. graph.Outputs.Select((output, i) =>
            new CudaBuffer(output.Shape, Uses, (nint)_staging.Data + (nint)memory.Planar.Offset(1 + i)))];
    }

    public override Buffer Input { get; }

    public override IReadOnlyList<Buffer> Outputs { get; }

    public override long ArenaBytes => _memory.Arena.Bytes + _memory.Planar.Bytes;

    /// <summary>The graph's input.</summary>
    public Tensor InputNode { get; }

    /// <summary>What a run does between the copies.</summary>
    public IReadOnlyList<Launch> Launches { get; }

    public override IReadOnlyList<PlanStep> Steps { get; }

    /// <summary>The context that the plan's memory is in, for what is owned by it.</summary>
    public CudaContext Context => _context;

    /// <summary>The device's kernels, for what is put on the plan's stream.</summary>
    public KernelSet Kernels => _kernels;

    private protected override void Run(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        _context.MakeCurrent();
        UploadInput();
        Compute(cancellation);
        DownloadOutputs();
        _stream.Synchronize(_where);
    }

    public RunTimes ExecuteTimed()
    {
        using Turn turn = Begin();
        _context.MakeCurrent();
        _events[0].Record(_stream);
        UploadInput();
        _events[1].Record(_stream);
        Compute();
        _events[2].Record(_stream);
        DownloadOutputs();
        _events[3].Record(_stream);
        _stream.Synchronize(_where);
        return new RunTimes(_events[1].MillisecondsSince(_events[0]), _events[2].MillisecondsSince(_events[1]),
            _events[3].MillisecondsSince(_events[2]));
    }

    /// <summary>Launches one by one, without the graph, with an event after each.</summary>
    private protected override IReadOnlyList<StepSpan> RunProfiled()
    {
        _context.MakeCurrent();
        var marks = new List<CudaEvent>();
        try
        {
            while (marks.Count <= Launches.Count) marks.Add(new CudaEvent(_context));
            UploadInput();
            marks[0].Record(_stream);
            for (int i = 0; i < Launches.Count; i++)
            {
                Launches[i].Put(_stream);
                marks[i + 1].Record(_stream);
            }
            DownloadOutputs();
            _stream.Synchronize(_where);
            TimeSpan[] times = [.. marks.Select(mark => TimeSpan.FromMilliseconds(mark.MillisecondsSince(marks[0])))];
            return [.. Launches.Select((_, i) => new StepSpan(i, 0, times[i], times[i + 1]))];
        }
        finally
        {
            foreach (CudaEvent mark in marks) mark.Dispose();
        }
    }

    /// <summary>
    /// Runs the network on an input that is made on the device, and fills <paramref name="output"/> with its own output. Cancels as other
    /// runs do.
    /// </summary>
    public void Execute(IStreamWork work, Span<float> output, CancellationToken cancellation)
    {
        Output.Check(output.Length);
        using Turn turn = Begin();
        cancellation.ThrowIfCancellationRequested();
        _context.MakeCurrent();
        work.MakeInput(_stream, _memory.PlanarInput);
        Compute(cancellation);
        work.TakeOutput(_stream, _memory.PlanarOutput(0));
        DownloadOutputs();
        _stream.Synchronize(_where);
        work.Finish();
        Output.Read(output);
    }

    /// <summary>Frees something of a caller's, which the stream's work uses, together with the plan.</summary>
    public void Own(IDisposable part)
    {
        using (Uses.Enter())
        {
            lock (_owned) _owned.Add(part);
        }
    }

    private protected override void Free()
    {
        // The stream first: it waits for work that a failed run has left on it, which still reads and writes the rest.
        _stream?.Dispose();
        foreach (IDisposable part in _owned) part.Dispose();
        _graph?.Dispose();
        foreach (CudaEvent point in _events) point.Dispose();
        _staging?.Dispose();
        _memory.Dispose();
    }

    private void UploadInput() => _memory.Planar.Upload(_stream, _staging.Data, 0, 1);

    private void DownloadOutputs() => _memory.Planar.Download(_stream, _staging.Data, 1, Outputs.Count);

    private void Compute(CancellationToken cancellation = default)
    {
        if (_graph is not null)
        {
            _graph.Launch(_stream);
            return;
        }
        foreach (Launch launch in Launches)
        {
            cancellation.ThrowIfCancellationRequested();
            launch.Put(_stream);
            _stream.Synchronize(launch.Where);
        }
    }

    private void PutAll()
    {
        foreach (Launch launch in Launches) launch.Put(_stream);
    }
}
