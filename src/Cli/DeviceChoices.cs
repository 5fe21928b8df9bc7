using System.CommandLine;
using System.Globalization;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Weights;

namespace LungSeg.Cli;

/// <summary>
/// The options that choose the device, its precision and its threads. They open exactly what was asked for, or throw. With "auto" they
/// report what was chosen and why.
/// </summary>
internal sealed class DeviceChoices
{
    private const string Cpu = "cpu", Cuda = "cuda", Auto = "auto", Reference = "reference";

    private static readonly Precision[] Precisions = Enum.GetValues<Precision>();
    private static readonly Precision[] GpuPrecisions = [.. Precisions.Where(precision => precision != Precision.Int8)];

    /// <summary>--device.</summary>
    public Option<string> Device { get; } = new("--device")
    {
        Description = "Where the network runs: cpu, cuda or cuda:N (NVIDIA GPU), auto (a GPU if one works, else the CPU), "
            + "or reference (plain loops in double precision, slow)",
        HelpName = "cpu|cuda[:N]|auto|reference",
        DefaultValueFactory = _ => Settings.Value(Settings.Device) ?? Cpu,
        CompletionSources = { new[] { Cpu, Cuda, Auto, Reference } },
    };

    /// <summary>--precision.</summary>
    public Option<string> PrecisionOption { get; } = CommonOptions.Choice(
        "--precision",
        "Precision of the network: fp32; int8 on the CPU, for a network that was quantised; tf32 or fp16 on a GPU with tensor cores; "
            + "auto: fp16 there, fp32 elsewhere",
        Precision.Float32.Name(), [.. Precisions.Select(precision => precision.Name()), Auto]);

    /// <summary>--threads.</summary>
    public Option<int> Threads { get; } = CommonOptions.Whole(
        "--threads", "Number of CPU threads; default: one for each processor", 1, CpuBackend.MaxThreads, 0);

    /// <summary>All three.</summary>
    public IReadOnlyList<Option> All => [Device, PrecisionOption, Threads];

    public void AddTo(Command command)
    {
        foreach (Option option in All) command.Options.Add(option);
    }

    /// <summary>Opens what was asked for; writes to <paramref name="notes"/> what "auto" chose.</summary>
    public IBackend Open(ParseResult parsed, TextWriter notes) => Open(parsed, parsed.GetRequiredValue(PrecisionOption), notes);

    /// <summary>Opens the device in a precision of the caller's choice.</summary>
    public IBackend Open(ParseResult parsed, string precision, TextWriter notes) =>
        Open(parsed.GetRequiredValue(Device), precision, parsed.GetValue(Threads), notes);

    /// <summary>Opens a device by its name on the command line.</summary>
    public static IBackend Open(string device, string precision, int threads, TextWriter notes, bool tuned = true)
    {
        if (device == Auto && Of(precision) == Precision.Int8) return new CpuBackend(threads);
        if (device == Auto) return OpenAny(precision, threads, notes);
        if (Gpu(device) is { } index) return OpenGpu(index, precision, notes, tuned);
        if (precision is not (Auto or "fp32" or "int8"))
            throw new UsageException($"--device {device} supports fp32 and int8: --precision {precision} needs --device cuda");
        return device switch
        {
            Cpu => new CpuBackend(threads),
            Reference => new ReferenceBackend(),
            _ => throw new UsageException($"unknown device '{device}'{Origin(device)}: expected cpu, cuda, cuda:N, auto or reference"),
        };
    }

    /// <summary>The precisions that a device supports.</summary>
    public static IReadOnlyList<Precision> Of(CudaDevice device) => device.HasTensorCores ? GpuPrecisions : [Precision.Float32];

    /// <summary>The precision that the network's weights are wanted in: int8, or float32, which any device computes from.</summary>
    public Precision Of(ParseResult parsed) => Of(parsed.GetRequiredValue(PrecisionOption));

    /// <summary>The same for a precision's name.</summary>
    public static Precision Of(string precision) => precision == Precision.Int8.Name() ? Precision.Int8 : Precision.Float32;

    private static string Origin(string device) => device == Settings.Value(Settings.Device) ? $" (from {Settings.Device})" : "";

    private static int? Gpu(string device)
    {
        if (device == Cuda) return 0;
        if (!device.StartsWith("cuda:", StringComparison.Ordinal)) return null;
        return int.TryParse(device.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out int index) ? index : null;
    }

    private static CudaBackend OpenGpu(int index, string precision, TextWriter notes, bool tuned = true)
    {
        if (Of(precision) == Precision.Int8) throw new UsageException("--precision int8 runs on the CPU: --device cpu");
        CudaDevice? device = CudaDevice.List().ElementAtOrDefault(index);
        CudaTuning? tuning = tuned && device is not null ? TuningFile.Find(device) : null;
        if (precision != Auto) return new CudaBackend(index, Precisions.First(known => known.Name() == precision), tuning);
        Precision best = device is { HasTensorCores: true } ? Precision.Float16 : Precision.Float32;
        var backend = new CudaBackend(index, best, tuning);
        CommandLine.Tell(notes, $"--precision auto chose {best.Name()} on {backend.Device}");
        return backend;
    }

    // A GPU may be present and still not run these kernels, or compute wrongly: a trial network decides.
    private static IBackend OpenAny(string precision, int threads, TextWriter notes)
    {
        string reason;
        try
        {
            CudaBackend gpu = OpenGpu(0, precision, notes);
            if (DeviceTrial.FaultOf(gpu) is not { } fault)
            {
                CommandLine.Tell(notes, $"--device auto chose {gpu.Description}: a trial network gives correct results on it");
                return gpu;
            }
            gpu.Dispose();
            reason = fault;
        }
        catch (DeviceException e)
        {
            reason = e.Message;
        }
        if (precision is not (Auto or "fp32")) throw new UsageException($"--precision {precision} needs a working GPU: {reason}");
        var cpu = new CpuBackend(threads);
        CommandLine.Tell(notes, $"--device auto chose {cpu.Description}: {reason}");
        return cpu;
    }
}

/// <summary>
/// A small network on a GPU, compared with the reference: shows whether the driver accepts the kernels and they compute correctly.
/// </summary>
internal static class DeviceTrial
{
    /// <summary>What is wrong; null where the results are correct.</summary>
    public static string? FaultOf(CudaBackend gpu)
    {
        var weights = new WeightScope(new SyntheticWeights("trial"));
        Graph graph = Graph.Record(new Shape(1, 3, 24, 24), x =>
        {
            Tensor y = new Engine.Nn.Conv2d(weights["stem"], 3, 24, 3, stride: 2, padding: 1).Forward(x).SiLU();
            y = new Engine.Nn.Conv2d(weights["depthwise"], 24, 24, 3, padding: 1, groups: 24).Forward(y).ReLU();
            y = new Engine.Nn.Conv2d(weights["body"], 24, 40, 3, padding: 1).Forward(y).ReLU();
            return new Engine.Nn.Conv2d(weights["head"], 40, 1, 3, padding: 1).Forward(y).UpsampleBilinear(2, true).Sigmoid();
        });
        float[] input = SyntheticWeights.Input("trial", "", 1, 24, 24);
        try
        {
            using Model model = gpu.Load(graph);
            using Plan plan = model.Plan(1, 24, 24);
            plan.Input.CopyFrom(input);
            plan.Execute();
            float[] actual = plan.Output.ToArray();
            (float[] values, float[] bounds) = ErrorBound.Of(graph, input, Arithmetic.Of(gpu.Precision))[0];
            for (int i = 0; i < actual.Length; i++)
            {
                if (!(Math.Abs((double)actual[i] - values[i]) <= bounds[i]))
                    return $"{gpu.Description} computes wrongly: {values[i]} expected, {actual[i]} found";
            }
            return null;
        }
        catch (DeviceException e)
        {
            return e.Message;
        }
    }
}
