using LungSeg.Benchmarks.Onnx;
using LungSeg.Engine;
using Microsoft.ML.OnnxRuntime;

namespace LungSeg.Benchmarks.Peers;

/// <summary>ONNX Runtime's CPU provider at its best: all optimisations, spinning threads, output bound beforehand.</summary>
internal sealed class OnnxRunner : IRunner
{
    private readonly InferenceSession _session;
    private readonly RunOptions _run = new();
    private readonly OrtValue[] _inputs, _outputs;

    public OnnxRunner(Graph graph, float[] input, int threads)
        : this(OnnxExporter.Export(graph), graph.Input.Shape, graph.Outputs[0].Shape, input, threads)
    {
    }

    /// <summary>Runs a model of another program's with one input and one output of the given shapes.</summary>
    public OnnxRunner(byte[] model, Shape inputShape, Shape outputShape, float[] input, int threads)
    {
        using var options = new SessionOptions
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            IntraOpNumThreads = threads,
            InterOpNumThreads = 1,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        _session = new InferenceSession(model, options);
        Output = new float[outputShape.Count];
        _inputs = [OrtValue.CreateTensorValueFromMemory(input, Dims(inputShape))];
        _outputs = [OrtValue.CreateTensorValueFromMemory(Output, Dims(outputShape))];
    }

    public static string Description => $"ONNX Runtime {OrtEnv.Instance().GetVersionString()}, CPU provider, all optimisations";

    public float[] Output { get; }

    public void Run() => _session.Run(_run, _session.InputNames, _inputs, _session.OutputNames, _outputs);

    public void Dispose()
    {
        foreach (OrtValue value in (ReadOnlySpan<OrtValue>)[.. _inputs, .. _outputs]) value.Dispose();
        _run.Dispose();
        _session.Dispose();
    }

    private static long[] Dims(Shape shape) => [shape.N, shape.C, shape.H, shape.W];
}
