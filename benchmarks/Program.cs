using LungSeg.Benchmarks;
using LungSeg.Benchmarks.Kernels;
using LungSeg.Benchmarks.Onnx;
using LungSeg.Benchmarks.Peers;
using LungSeg.Engine;

const string Usage = """
    usage: Benchmarks peers [KEY...] [--threads 1,2] [--batch 1,4] [--seconds 5] [--json FILE] [--backend NAME]
           Benchmarks peers --precision int8 [KEY...] [--models DIR] [--threads 1] [--seconds 5] [--backend NAME] [--path PATH]
           Benchmarks peers --check [KEY...]            ONNX Runtime against every operation and every golden output
           Benchmarks export KEY FILE.onnx|FILE.json [--size HxW] [--batch N] [--weights FILE]
           Benchmarks kernels [BenchmarkDotNet's options]
    KEY: one of the nine (by default all of them); another architecture and encoder, such as unet-resnet34; pairs: eight of those
    PATH: how integer products are computed: Avx512Vnni, AvxVnni, Avx512, Avx2, Vector128
    models: ONNX Runtime's int8 models, KEY.onnx; default: ../shared/int8
    backends: cpu (the best instruction set), avx512, avx2, vector128, reference; for peers also none, the peer alone
    """;

try
{
    return args switch
    {
        ["peers", .. string[] rest] when rest.Contains("--check") =>
            PeersCheck.Run(Arguments.Parse([.. rest.Where(arg => arg != "--check")])),
        ["peers", .. string[] rest] when rest.Contains("--precision") =>
            Int8Command.Run(Arguments.Parse(rest, "--precision", "--models", "--threads", "--seconds", "--backend", "--path")),
        ["peers", .. string[] rest] => PeersCommand.Run(Arguments.Parse(rest, "--threads", "--batch", "--seconds", "--json", "--backend")),
        ["export", .. string[] rest] => ExportCommand.Run(Arguments.Parse(rest, "--size", "--batch", "--weights")),
        ["kernels", .. string[] rest] => KernelsCommand.Run(rest),
        _ => throw new UsageException(Usage),
    };
}
catch (Exception e) when (e is UsageException or EngineException or IOException)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}
