using System.Globalization;
using LungSeg.Engine;

namespace LungSeg.Benchmarks.Peers;

/// <summary>Our engine against ONNX Runtime: same networks, weights, input and process, in turns.</summary>
internal static class PeersCommand
{
    private const float Agreement = 1e-3f;
    private const string NoBackend = "none";

    public static int Run(Arguments arguments)
    {
        IReadOnlyList<BenchmarkNetwork> networks = BenchmarkNetwork.Open(arguments.Words);
        string backendName = arguments.Text("--backend") ?? Backends.Standard;
        double seconds = arguments.Number("--seconds", 5);
        bool agree = true;
        var all = new List<PeerResult>();
        int[] threadCounts = arguments.Integers("--threads", 1, 2), batches = arguments.Integers("--batch", 1, 4);
        using (IBackend? backend = Open(backendName, threadCounts[0])) Introduce(backend, seconds);
        foreach (int threads in threadCounts)
        {
            using IBackend? backend = Open(backendName, threads);
            foreach (int batch in batches)
            {
                var table = new List<PeerResult>();
                Console.WriteLine(Report.Header(threads, batch));
                foreach (BenchmarkNetwork network in networks)
                {
                    (PeerResult result, double difference) = Measure(network, backend, threads, batch, seconds);
                    if (difference > Agreement)
                    {
                        Console.WriteLine(
                            $"| {network.Key} | the outputs differ by {difference:G3}: times would mean nothing | | | | | | |");
                        agree = false;
                        continue;
                    }
                    table.Add(result);
                    Console.WriteLine(Report.Row(result));
                    // Results so far survive an interrupted run.
                    if (arguments.Text("--json") is { } file) Report.WriteJson([.. all, .. table], file);
                }
                Console.WriteLine(Report.Mean(table));
                all.AddRange(table);
            }
        }
        return agree ? 0 : 1;
    }

    private static void Introduce(IBackend? backend, double seconds)
    {
        foreach (string line in Conditions.Lines(
            $"ours: {backend?.Description ?? "not run"}",
            $"peer: {OnnxRunner.Description}",
            string.Create(
                CultureInfo.InvariantCulture,
                $"a run: float32 NCHW array in, float32 NCHW array out; {seconds} s each in alternating blocks after warm-up; medians"),
            "GMAC: convolutions alone, counted once; GFLOP/s: twice that over the median"))
        {
            Console.WriteLine(line);
        }
    }

    private static (PeerResult Result, double Difference) Measure(
        BenchmarkNetwork network, IBackend? backend, int threads, int batch, double seconds)
    {
        Graph graph = network.Record(batch, network.Height, network.Width);
        float[] input = network.Input(batch, network.Height, network.Width);
        using var peer = new OnnxRunner(graph, input, threads);
        using OurRunner? ours = backend is null ? null : new OurRunner(backend, graph, input);
        Timing[] times = Contest.Run(ours is null ? [peer] : [ours, peer], seconds);
        double difference = ours is null ? 0 : Difference.Relative(ours.Output, peer.Output);
        var result = new PeerResult(
            network.Key, threads, batch, network.Height, network.Width, graph.Macs, ours is null ? null : times[0], times[^1]);
        return (result, difference);
    }

    private static IBackend? Open(string name, int threads) => name == NoBackend ? null : Backends.Open(name, threads);
}
