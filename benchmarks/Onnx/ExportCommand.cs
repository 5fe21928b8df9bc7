using LungSeg.Engine;
using LungSeg.Engine.Weights;
using LungSeg.IO;
using LungSeg.Models;

namespace LungSeg.Benchmarks.Onnx;

/// <summary>Writes a network, as traced, to an ONNX model or to JSON.</summary>
internal static class ExportCommand
{
    public static int Run(Arguments arguments)
    {
        if (arguments.Words is not [string key, string file]) throw new UsageException("export takes a network and a file");
        BenchmarkNetwork network = BenchmarkNetwork.Open([key])[0];
        int[] size = arguments.Integers("--size", network.Height, network.Width), batch = arguments.Integers("--batch", 1);
        if (size.Length != 2 || batch.Length != 1) throw new UsageException("'--size' takes HxW and '--batch' one number");
        Graph graph;
        if (arguments.Text("--weights") is { } weights)
        {
            var trained = NetworkWeights.Open(key, weights);
            graph = trained.Network.Record(new StrictWeights(trained.StateDict), batch[0], size[0], size[1]);
        }
        else
        {
            graph = network.Record(batch[0], size[0], size[1]);
        }
        AtomicFile.Write(file, stream =>
        {
            if (Path.GetExtension(file) == ".json") GraphJson.Write(graph, stream);
            else stream.Write(OnnxExporter.Export(graph));
        });
        return 0;
    }
}
