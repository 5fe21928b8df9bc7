using BenchmarkDotNet.Attributes;
using LungSeg.Engine;
using LungSeg.Engine.Weights;

namespace LungSeg.Benchmarks.Kernels;

/// <summary>Single layers through the public backend interface.</summary>
public class KernelBenchmarks : IDisposable
{
    private IBackend? _backend;
    private Model? _model;
    private Plan? _plan;

    public static IEnumerable<KernelCase> Cases => KernelCase.All;

    [ParamsSource(nameof(Cases))]
    public KernelCase Layer { get; set; } = KernelCase.All[0];

    [GlobalSetup]
    public void Load()
    {
        Shape input = Layer.Graph.Input.Shape;
        _backend = Backends.Open(Backends.Standard, threads: 1);
        _model = _backend.Load(Layer.Graph);
        _plan = _model.Plan(input.N, input.H, input.W);
        float[] noise = new float[input.Count];
        SyntheticWeights.Fill("kernels/input", noise);
        _plan.Input.CopyFrom(noise);
    }

    [Benchmark]
    public void Execute() => _plan!.Execute();

    [GlobalCleanup]
    public void Dispose()
    {
        _plan?.Dispose();
        _model?.Dispose();
        _backend?.Dispose();
        GC.SuppressFinalize(this);
    }
}
