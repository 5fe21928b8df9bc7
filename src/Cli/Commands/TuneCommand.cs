using System.CommandLine;
using LungSeg.Cli.Tuning;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cuda;

namespace LungSeg.Cli.Commands;

/// <summary><c>tune</c>: measures a GPU, so that the kernels of convolutions are chosen by what they take there.</summary>
internal static class TuneCommand
{
    private const int MostSeconds = 17;

    public static Command Create()
    {
        var device = new Option<string>("--device")
        {
            Description = "The GPU to measure",
            HelpName = "cuda[:N]",
            DefaultValueFactory = _ => "cuda",
        };
        var file = new Option<string?>("--output", "-o") { Description = "The file to write; else the user's own for this kind of GPU, which is read from then on", HelpName = "FILE" };
        Option<bool> json = CommonOptions.Json();
        var command = new Command("tune", "Measure a GPU in under 20 seconds: convolutions are then run by the kernels that are quickest there.") { device, file, json };
        command.SetAction(parsed =>
        {
            string name = parsed.GetRequiredValue(device);
            CudaDevice? gpu = null;
            Tuner? tuner = null;
            foreach (Precision precision in Enum.GetValues<Precision>())
            {
                if (gpu is { HasTensorCores: false }) break;
                using IBackend backend = DeviceChoices.Open(name, precision.Name(), 0, parsed.InvocationConfiguration.Error, tuned: false);
                if (backend is not CudaBackend cuda) throw new UsageException($"a GPU is measured: expected --device cuda or cuda:N, found '{name}'");
                gpu ??= cuda.Device;
                tuner ??= new Tuner(gpu, TimeSpan.FromSeconds(MostSeconds));
                tuner.Measure(cuda);
            }
            CudaTuning tuning = tuner!.Result;
            string path = parsed.GetValue(file) ?? TuningFile.PathOf(gpu!.Name);
            TuningFile.Write(path, tuning);
            TextWriter output = parsed.InvocationConfiguration.Output;
            if (parsed.GetValue(json)) Json.Write(output, tuning.Write);
            else Write(output, tuning, tuner, path);
            return tuner.Wrong.Count == 0 ? ExitCode.Done : ExitCode.CheckFailed;
        });
        return command;
    }

    private static void Write(TextWriter output, CudaTuning tuning, Tuner tuner, string path)
    {
        output.WriteLine($"{tuning.Device}: a launch takes {tuning.LaunchMicroseconds:F1} us, memory moves {tuning.MemoryBytesPerSecond / 1e9:F0} GB/s");
        Spectre.Console.Table table = Tables.Create("kernel", "multiply-adds a clock and multiprocessor#");
        foreach ((string kernel, double rate) in tuning.MacsPerClock.OrderBy(pair => pair.Key, StringComparer.Ordinal)) Tables.Row(table, [kernel, $"{rate:F0}"]);
        Tables.Write(output, table);
        if (tuner.Unmeasured.Count > 0) output.WriteLine($"no time was left for {string.Join(", ", tuner.Unmeasured)}");
        if (tuner.Wrong.Count > 0) output.WriteLine($"computes wrongly on this GPU and is not chosen: {string.Join(", ", tuner.Wrong)}");
        output.WriteLine($"written to {path}");
    }
}
