using System.Runtime.InteropServices;
using LungSeg.Engine.Backends.Cuda.Driver;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>
/// A network bound to one input shape on a GPU: its launches are captured once as a CUDA graph. A run copies the input from pinned memory,
/// launches the graph and copies the outputs back; all of it on the plan's own stream, so that several plans run side by side.
/// </summary>
internal sealed unsafe class CudaPlan : Plan, ITimedPlan, IPicturePlan
{
    private readonly CudaContext _context;
    private readonly MapMemory _memory;
    private readonly CudaStream _stream;
    private readonly PinnedMemory _staging;
    private readonly CudaGraph? _graph;
    private readonly List<CudaEvent> _events = [];
    private readonly PictureTransfer _pictures;
    private readonly string _where;

    /// <summary>Takes over the memory, to which the launches are bound. Stepwise each launch is waited for, to find the one at fault.</summary>
    public CudaPlan(CudaContext context, KernelSet kernels, Graph graph, MapMemory memory, IReadOnlyList<Launch> launches, IReadOnlyList<PlanStep> steps, bool stepwise)
    {
        (_context, _memory, Launches, Steps) = (context, memory, launches, steps);
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
            _pictures = new PictureTransfer(context, kernels, _stream, graph.Input);
            if (!stepwise) _graph = _stream.Capture(PutAll);
        }
        catch
        {
            Dispose(true);
            throw;
        }
        Input = new CudaBuffer(graph.Input.Shape, () => (nint)_staging.Data);
        Outputs = [.. graph.Outputs.Select((output, i) => new CudaBuffer(output.Shape, () => (nint)_staging.Data + (nint)memory.Planar.Offset(1 + i)))];
    }

    public override Buffer Input { get; }

    public override IReadOnlyList<Buffer> Outputs { get; }

    public override long ArenaBytes => _memory.Arena.Bytes + _memory.Planar.Bytes;

    /// <summary>What a run does between the copies.</summary>
    public IReadOnlyList<Launch> Launches { get; }

    public override IReadOnlyList<PlanStep> Steps { get; }

    public override void Execute()
    {
        _context.MakeCurrent();
        UploadInput();
        Compute();
        DownloadOutputs();
        _stream.Synchronize(_where);
    }

    public RunTimes ExecuteTimed()
    {
        _context.MakeCurrent();
        _events[0].Record(_stream);
        UploadInput();
        _events[1].Record(_stream);
        Compute();
        _events[2].Record(_stream);
        DownloadOutputs();
        _events[3].Record(_stream);
        _stream.Synchronize(_where);
        return new RunTimes(_events[1].MillisecondsSince(_events[0]), _events[2].MillisecondsSince(_events[1]), _events[3].MillisecondsSince(_events[2]));
    }

    /// <summary>Launches one by one, without the graph, with an event after each.</summary>
    public override IReadOnlyList<StepSpan> Profile()
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

    public void Execute(PictureInput picture, float threshold, int maskWidth, int maskHeight, Span<byte> mask)
    {
        (Shape input, Shape output) = (Input.Shape, Output.Shape);
        if (input is not { N: 1, C: 3 } || output.C != 1) throw new ShapeException($"pictures go into plans of 1x3xHxW with one channel out, not of {input} and {output}");
        if (mask.Length != (long)maskWidth * maskHeight) throw new ShapeException($"expected {maskWidth} x {maskHeight} bytes for the mask, found {mask.Length}");
        if (picture.Samples.Length != (long)picture.Width * picture.Height * picture.Channels * picture.SampleBytes)
            throw new ShapeException($"expected {picture.Width} x {picture.Height} x {picture.Channels} samples, found {picture.Samples.Length / picture.SampleBytes}");
        _context.MakeCurrent();
        _pictures.Prepare(picture, _memory.PlanarInput, maskWidth, maskHeight);
        Compute();
        _pictures.Cut(_memory.PlanarOutput(0), output, threshold, maskWidth, maskHeight);
        DownloadOutputs();
        _stream.Synchronize(_where);
        _pictures.CopyMask(mask);
    }

    protected override void Dispose(bool disposing)
    {
        _pictures?.Dispose();
        _graph?.Dispose();
        foreach (CudaEvent point in _events) point.Dispose();
        _staging?.Dispose();
        _stream?.Dispose();
        _memory.Dispose();
        base.Dispose(disposing);
    }

    private void UploadInput() => _memory.Planar.Upload(_stream, _staging.Data, 0, 1);

    private void DownloadOutputs() => _memory.Planar.Download(_stream, _staging.Data, 1, Outputs.Count);

    private void Compute()
    {
        if (_graph is not null)
        {
            _graph.Launch(_stream);
            return;
        }
        foreach (Launch launch in Launches)
        {
            launch.Put(_stream);
            _stream.Synchronize(launch.Where);
        }
    }

    private void PutAll()
    {
        foreach (Launch launch in Launches) launch.Put(_stream);
    }
}
