using LungSeg.Engine;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Passes;
using LungSeg.Engine.Weights;

namespace LungSeg.Benchmarks.Peers;

/// <summary>
/// Proves the ONNX exporter: ONNX Runtime must reproduce the reference backend for every operation, as traced and after the
/// passes, and the golden outputs for every network and case.
/// </summary>
internal static class PeersCheck
{
    private const int CasesEach = 4;
    private const double OperationBound = 1e-4, OutputBound = 1e-4;

    public static int Run(Arguments arguments)
    {
        bool passed = true;
        foreach (string name in OperationCases.Names)
            for (int seed = 0; seed < CasesEach; seed++) passed &= CheckOperation(OperationCases.Make(name, seed));
        foreach (GoldenNetwork network in GoldenNetwork.Open(arguments.Words, all: arguments.Words.Count == 0))
            foreach (GoldenCase golden in network.Golden.Cases) passed &= CheckNetwork(network, golden);
        return passed ? 0 : 1;
    }

    private static bool CheckOperation(OperationCase test)
    {
        (string name, Graph graph) = (test.Description, test.Graph);
        float[] input = test.Input(graph.Input.Shape);
        using var backend = new ReferenceBackend();
        using var reference = new OurRunner(backend, graph, input);
        reference.Run();
        bool traced = Compare(name, graph), passed = Compare($"{name}, after passes", StandardPasses.Apply(graph, new LoadOptions()));
        return traced && passed;

        bool Compare(string title, Graph exported)
        {
            using var peer = new OnnxRunner(exported, input, threads: 1);
            peer.Run();
            return Judge(title, Difference.Largest(peer.Output, reference.Output), OperationBound);
        }
    }

    private static bool CheckNetwork(GoldenNetwork network, GoldenCase golden)
    {
        using var peer = new OnnxRunner(network.Record(golden.N, golden.H, golden.W), network.Golden.Input(golden), threads: 1);
        peer.Run();
        return Judge($"{network.Key}/{golden.Tag}", network.Golden.Compare(golden, "output", peer.Output).Max, OutputBound);
    }

    private static bool Judge(string title, double difference, double bound)
    {
        bool passed = difference <= bound;
        Console.WriteLine($"{(passed ? "ok  " : "FAIL")} {title}: largest difference {difference:G3}, bound {bound:G3}");
        return passed;
    }
}
