using LungSeg.Engine;

namespace LungSeg.Benchmarks.Peers;

/// <summary>Our engine. The copies in and out belong to a run, since the peer reads and writes NCHW arrays directly.</summary>
internal sealed class OurRunner : IRunner
{
    private readonly Model _model;
    private readonly Plan _plan;
    private readonly float[] _input;

    public OurRunner(IBackend backend, Graph graph, float[] input, LoadOptions? options = null)
    {
        Shape shape = graph.Input.Shape;
        _model = backend.Load(graph, options);
        _plan = _model.Plan(shape.N, shape.H, shape.W);
        _input = input;
        Output = new float[_plan.Output.Shape.Count];
    }

    public float[] Output { get; }

    /// <summary>Bytes of working memory.</summary>
    public long ArenaBytes => _plan.ArenaBytes;

    public void Run()
    {
        _plan.Input.CopyFrom(_input);
        _plan.Execute();
        _plan.Output.CopyTo(Output);
    }

    public void Dispose()
    {
        _plan.Dispose();
        _model.Dispose();
    }
}
