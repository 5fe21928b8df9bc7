using System.Globalization;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Backends.Cpu.Int8;
using LungSeg.Engine.Weights;

namespace LungSeg.Benchmarks.Peers;

/// <summary>
/// Our int8 beside our float32 and, where there is a model, beside ONNX Runtime's int8: one process, in turns. Times alone: the peer's
/// models have other weights.
/// </summary>
internal static class Int8Command
{
    private const string Int8 = "int8";

    public static int Run(Arguments arguments)
    {
        if (arguments.Text("--precision") is not Int8) throw new UsageException($"'--precision' takes {Int8}; float32 is the default");
        string models = arguments.Text("--models") ?? Path.Combine(GoldenNetwork.Repository(), "..", "shared", Int8);
        double seconds = arguments.Number("--seconds", 5);
        string name = arguments.Text("--backend") ?? Backends.Standard;
        IntegerPath? path = arguments.Text("--path") is not { } word ? null
            : Enum.TryParse(word, ignoreCase: true, out IntegerPath named) ? named
            : throw new UsageException($"unknown path '{word}'; there are {string.Join(", ", Enum.GetNames<IntegerPath>())}");
        foreach (int threads in arguments.Integers("--threads", 1))
        {
            using IBackend opened = Backends.Open(name, threads);
            if (opened is not CpuBackend backend) throw new UsageException($"int8 runs on the CPU, not on '{name}'");
            foreach (string line in Conditions.Lines(
                $"ours: {backend.Description}, integers {path ?? IntegerPaths.Of(backend.InstructionSet)[^1]}",
                $"peer: {OnnxRunner.Description}",
                string.Create(CultureInfo.InvariantCulture, $"{seconds} s each in alternating blocks after warm-up; medians")))
            {
                Console.WriteLine(line);
            }
            Console.WriteLine($"""

                ### {threads} thread{(threads == 1 ? "" : "s")}

                | network | ours fp32, ms | ours int8, ms (p5-p95) | peer int8, ms (p5-p95) | ours fp32 / int8 | peer / ours int8 | arena |
                |---|---:|---:|---:|---:|---:|---:|
                """);
            List<double> own = [], beside = [];
            foreach (GoldenNetwork network in GoldenNetwork.Open(arguments.Words, all: arguments.Words.Count == 0))
                Measure(network, backend, path, Path.Combine(models, $"{network.Key}.onnx"), seconds, own, beside);
            Console.WriteLine($"| **geometric mean** | | | | **{Mean(own)}** | **{Mean(beside)}** | |");
        }
        return 0;
    }

    private static void Measure(
        GoldenNetwork network, CpuBackend backend, IntegerPath? path, string model, double seconds, List<double> own, List<double> beside)
    {
        GoldenCase native = network.Golden.Case("native");
        Graph graph = network.Record(1, native.H, native.W);
        float[] input = SyntheticWeights.Input(network.Golden.Salt, native.Tag, 1, native.H, native.W);
        QuantizationTable table = MinMaxCalibration.Of(graph, backend, [input]);
        using var single = new OurRunner(backend, graph, input);
        using var ours = new OurRunner(
            backend, graph.WithQuantization(new NetworkQuantization(table)), input, new LoadOptions { IntegerPath = path });
        using OnnxRunner? peer = File.Exists(model)
            ? new OnnxRunner(File.ReadAllBytes(model), graph.Input.Shape, graph.Outputs[0].Shape, input, backend.Threads) : null;
        Timing[] times = Contest.Run(peer is null ? [single, ours] : [single, ours, peer], seconds);
        own.Add(times[0].Median / times[1].Median);
        if (peer is not null) beside.Add(times[2].Median / times[1].Median);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {network.Key} | {times[0].Median:F1} | {Cell(times[1])} | {(peer is null ? "-" : Cell(times[2]))} | {own[^1]:F2} | "
            + $"{(peer is null ? "-" : $"{beside[^1]:F2}")} | {(double)ours.ArenaBytes / single.ArenaBytes:F2} |"));
    }

    private static string Cell(Timing timing) => string.Create(
        CultureInfo.InvariantCulture, $"{timing.Median:F1} ({timing.Quantile(0.05):F1}-{timing.Quantile(0.95):F1})");

    private static string Mean(List<double> ratios) =>
        ratios.Count == 0 ? "-" : Math.Exp(ratios.Average(Math.Log)).ToString("F2", CultureInfo.InvariantCulture);
}
