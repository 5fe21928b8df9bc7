using System.CommandLine;
using System.Globalization;
using LungSeg.Cli.Tuning;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Backends.Reference;

namespace LungSeg.Cli;

/// <summary>
/// The options that say where and in which precision networks run, and what they open: exactly what was asked for, or an error; what
/// "auto" took, and why, is told.
/// </summary>
internal sealed class DeviceChoices
{
    private const string Cpu = "cpu", Cuda = "cuda", Auto = "auto", Reference = "reference";

    private static readonly Precision[] Precisions = Enum.GetValues<Precision>();

    /// <summary>--device.</summary>
    public Option<string> Device { get; } = new("--device")
    {
        Description = "Where the network runs: cpu, cuda or cuda:N (an NVIDIA GPU), auto (a GPU if it works, else the CPU), "
            + "or reference (plain loops, slow, the specification)",
        HelpName = "cpu|cuda[:N]|auto|reference",
        DefaultValueFactory = _ => Settings.Value(Settings.Device) ?? Cpu,
        CompletionSources = { new[] { Cpu, Cuda, Auto, Reference } },
    };

    /// <summary>--precision.</summary>
    public Option<string> PrecisionOption { get; } = CommonOptions.Choice(
        "--precision", "The network's arithmetic: fp32; tf32 or fp16 on a GPU with tensor cores; auto: fp16 there, fp32 elsewhere",
        Precision.Float32.Name(), [.. Precisions.Select(precision => precision.Name()), Auto]);

    /// <summary>--threads.</summary>
    public Option<int> Threads { get; } = CommonOptions.Whole(
        "--threads", "Threads of the CPU; one for each processor if not given", 1, CpuBackend.MaxThreads, 0);

    /// <summary>All three.</summary>
    public IReadOnlyList<Option> All => [Device, PrecisionOption, Threads];

    public void AddTo(Command command)
    {
        foreach (Option option in All) command.Options.Add(option);
    }

    /// <summary>Opens what was asked for; <paramref name="notes"/> is told what "auto" came to.</summary>
    public IBackend Open(ParseResult parsed, TextWriter notes) => Open(parsed, parsed.GetRequiredValue(PrecisionOption), notes);

    /// <summary>The same in a precision of the caller's choice.</summary>
    public IBackend Open(ParseResult parsed, string precision, TextWriter notes) =>
        Open(parsed.GetRequiredValue(Device), precision, parsed.GetValue(Threads), notes);

    /// <summary>Opens a device by its name on the command line.</summary>
    public static IBackend Open(string device, string precision, int threads, TextWriter notes, bool tuned = true)
    {
        if (device == Auto) return OpenAny(precision, threads, notes);
        if (Gpu(device) is { } index) return OpenGpu(index, precision, notes, tuned);
        if (precision is not (Auto or "fp32"))
            throw new UsageException($"--device {device} computes in fp32 alone: --precision {precision} needs --device cuda");
        return device switch
        {
            Cpu => new CpuBackend(threads),
            Reference => new ReferenceBackend(),
            _ => throw new UsageException($"unknown device '{device}'{(device == Settings.Value(Settings.Device) ? $" (from {Settings.Device})" : "")}: "
                + "expected cpu, cuda, cuda:N, auto or reference"),
        };
    }

    /// <summary>Which precisions a device has.</summary>
    public static IReadOnlyList<Precision> Of(CudaDevice device) => device.HasTensorCores ? Precisions : [Precision.Float32];

    /// <summary>Whether a GPU was asked for.</summary>
    public bool IsGpu(ParseResult parsed) => Gpu(parsed.GetRequiredValue(Device)) is not null;

    private static int? Gpu(string device) => device == Cuda ? 0
        : device.StartsWith("cuda:", StringComparison.Ordinal) && int.TryParse(device.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out int index) ? index
        : null;

    private static CudaBackend OpenGpu(int index, string precision, TextWriter notes, bool tuned = true)
    {
        CudaDevice? device = CudaDevice.List().ElementAtOrDefault(index);
        CudaTuning? tuning = tuned && device is not null ? TuningFile.Find(device) : null;
        if (precision != Auto) return new CudaBackend(index, Precisions.First(known => known.Name() == precision), tuning);
        Precision best = device is { HasTensorCores: true } ? Precision.Float16 : Precision.Float32;
        var backend = new CudaBackend(index, best, tuning);
        CommandLine.Tell(notes, $"--precision auto took {best.Name()} on {backend.Device}");
        return backend;
    }

    // A GPU that is there may still be one that cannot run these kernels, or not rightly: it is tried first.
    private static IBackend OpenAny(string precision, int threads, TextWriter notes)
    {
        string reason;
        try
        {
            CudaBackend gpu = OpenGpu(0, precision, notes);
            if (DeviceTrial.FaultOf(gpu) is not { } fault)
            {
                CommandLine.Tell(notes, $"--device auto took {gpu.Description}: a trial network computes rightly on it");
                return gpu;
            }
            gpu.Dispose();
            reason = fault;
        }
        catch (DeviceException e)
        {
            reason = e.Message;
        }
        if (precision is not (Auto or "fp32")) throw new UsageException($"--precision {precision} needs a GPU, and none works: {reason}");
        var cpu = new CpuBackend(threads);
        CommandLine.Tell(notes, $"--device auto took {cpu.Description}: {reason}");
        return cpu;
    }
}
