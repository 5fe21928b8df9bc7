using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using LungSeg.Cli.Benchmarking;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Backends.Cpu.Int8;
using LungSeg.Engine.Backends.Cpu.MachineCode;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Weights;
using LungSeg.Models;

namespace LungSeg.Cli.Diagnosis;

/// <summary>Checks whether the program uses the processor's widest vectors and all of its cores.</summary>
internal static class ProcessorCheck
{
    private const string Subject = "processor", CpuInfo = "/proc/cpuinfo";
    private static readonly string[] Switches =
        ["DOTNET_EnableHWIntrinsic", "DOTNET_EnableAVX", "DOTNET_EnableAVX2", "DOTNET_EnableFMA", "DOTNET_EnableAVX512"];

    public static IEnumerable<Finding> Find()
    {
        InstructionSet used = InstructionSets.Best, had = Widest(used);
        string text = $"{Conditions.Processor()}; instruction set {used}";
        yield return used == had
            ? Finding.Good(Subject, text)
            : Finding.Warning(Subject, $"{text}, but the processor has {had}", Advice(had));
        yield return Int8();
        yield return Threads();
    }

    private static string Advice(InstructionSet had)
    {
        string[] off = [.. Switches.Where(name => Environment.GetEnvironmentVariable(name) == "0")];
        if (Settings.Value(Settings.Instructions) is not null) return $"unset {Settings.Instructions}, which chose narrower vectors";
        if (off.Length > 0) return $"unset {string.Join(", ", off)}, which disable instructions";
        if (RuntimeFeature.IsDynamicCodeCompiled)
            return "update the .NET runtime, or ask the administrator whether instructions are hidden";
        return $"this executable was built for narrower vectors than {had}: build it with tools/native.sh, "
            + "or publish it without PublishAot";
    }

    // Without the machine code int8 runs on the instructions that .NET has: the same bytes, slower.
    private static Finding Int8()
    {
        IntegerPath path = IntegerPaths.Of(InstructionSets.Best)[^1];
        return VnniKernels.Absence is { } reason
            ? Finding.None("int8", $"computed with {path.Name()}; no AVX512_VNNI machine code: {reason}")
            : Finding.Good(
                "int8",
                $"computed with {path.Name()}; machine code: {VnniKernels.Size.Functions} functions, {VnniKernels.Size.Bytes} bytes");
    }

    private static Finding Threads()
    {
        int usable = Environment.ProcessorCount;
        int present = File.Exists(CpuInfo)
            ? File.ReadLines(CpuInfo).Count(line => line.StartsWith("processor", StringComparison.Ordinal))
            : usable;
        string text = $"{usable} {(usable == 1 ? "thread" : "threads")}, one for each processor";
        return usable >= present
            ? Finding.Good("threads", text)
            : Finding.Warning("threads", $"{text} that this process may use; the machine has {present}",
                "give the container or job more processors to run networks faster");
    }

    // The runtime reports what the program uses; a native executable reports no more than it was built for.
    private static InstructionSet Widest(InstructionSet used)
    {
        if (!X86Base.IsSupported) return used;
        (int highest, _, _, _) = X86Base.CpuId(0, 0);
        if (highest < 7) return used;
        (_, _, int features1, _) = X86Base.CpuId(1, 0);
        (_, int features7, _, _) = X86Base.CpuId(7, 0);
        bool fma = (features1 & (1 << 12)) != 0, savesVectors = (features1 & (1 << 27)) != 0;
        bool avx2 = (features7 & (1 << 5)) != 0, avx512 = (features7 & (1 << 16)) != 0;
        if (!savesVectors || !avx2 || !fma) return used;
        return avx512 ? InstructionSet.Avx512 : (InstructionSet)Math.Max((int)used, (int)InstructionSet.Avx2);
    }
}

/// <summary>Runs a small network on each GPU.</summary>
internal static class DeviceCheck
{
    public static IEnumerable<Finding> Find()
    {
        IReadOnlyList<CudaDevice> devices;
        string? none = null;
        try
        {
            devices = CudaDevice.List();
        }
        catch (DeviceException e)
        {
            (devices, none) = ([], e.Message);
        }
        return none is not null ? [Finding.None("GPU", none)] : devices.Select(Try);
    }

    private static Finding Try(CudaDevice device)
    {
        string name = $"{device}, compute capability {device.Major}.{device.Minor}, {device.MemoryBytes >> 20} MiB, "
            + $"driver for CUDA {device.CudaVersion}";
        try
        {
            using var backend = new CudaBackend(device.Index);
            return DeviceTrial.FaultOf(backend) is { } fault ? Broken(name, fault)
                : Finding.Good("GPU", $"{name}: works{Newer(device)}; check it thoroughly with lungseg selftest --device cuda");
        }
        catch (DeviceException e)
        {
            return Broken(name, e.Message);
        }
    }

    // The driver compiles the kernels for GPUs that they were not written for.
    private static string Newer(CudaDevice device) => device.Major < 10
        ? ""
        : " (newer than the kernels: the driver compiles those for compute capability 8.0, conv_mma, at their first use)";

    private static Finding Broken(string name, string fault) =>
        Finding.Warning("GPU", $"{name}: {fault}", "use --device cpu, or try a newer driver");
}

/// <summary>Loads each network with synthetic weights and measures the memory of the process.</summary>
internal static class MemoryCheck
{
    private const string Subject = "memory", MemInfo = "/proc/meminfo";

    /// <summary>A network is not tried where less than this many copies of its weights fit: the system might end the program.</summary>
    private const int CopiesToTry = 6;

    public static IEnumerable<Finding> Find()
    {
        long available = Available();
        yield return Finding.Good(Subject, $"{Units.Memory(available)} free for this process");
        using var backend = new CpuBackend();
        List<string> fit = [], unknown = [];
        // The largest last: memory that a network leaves behind counts for the next one.
        foreach (Architecture network in Architectures.All.OrderBy(network => network.ParameterCount))
        {
            if (available < sizeof(float) * CopiesToTry * network.ParameterCount)
                unknown.Add(network.Key);
            else
                fit.Add($"{network.Key} {Units.Memory(Need(backend, network))}");
        }
        if (fit.Count > 0)
            yield return Finding.Good(Subject, $"networks that fit, with the peak memory of the process: {string.Join(", ", fit)}");
        if (unknown.Count > 0)
        {
            yield return Finding.Warning(Subject, $"not enough memory to try {string.Join(", ", unknown)}",
                "close other programs, raise the container's limit, or use a smaller network such as pan");
        }
    }

    private static long Need(CpuBackend backend, Architecture network)
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        PeakMemory.Reset();
        using Model model = backend.Load(network.Record(new SyntheticWeights()), new LoadOptions { CompactHeap = true });
        using Plan plan = model.Plan(1, network.InputSize, network.InputSize);
        return PeakMemory.Read() ?? Environment.WorkingSet;
    }

    private static long Available()
    {
        GC.Collect();
        GCMemoryInfo memory = GC.GetGCMemoryInfo();
        return Math.Min(memory.TotalAvailableMemoryBytes - memory.MemoryLoadBytes, FreeOfSystem() ?? long.MaxValue);
    }

    private static long? FreeOfSystem()
    {
        const string Field = "MemAvailable:";
        if (!File.Exists(MemInfo)) return null;
        string? line = File.ReadLines(MemInfo).FirstOrDefault(l => l.StartsWith(Field, StringComparison.Ordinal));
        string number = line is null ? "" : line[Field.Length..].Replace("kB", "").Trim();
        return long.TryParse(number, CultureInfo.InvariantCulture, out long kilobytes) ? kilobytes * 1024 : null;
    }
}

/// <summary>Checks whether files can be written in the current and the temporary directory.</summary>
internal static class PlacesCheck
{
    public static IEnumerable<Finding> Find() =>
    [
        Writable("output", Environment.CurrentDirectory, "run lungseg in your own directory, or name one with -o"),
        Writable("temporary", Path.GetTempPath(), "set TMPDIR (TEMP on Windows) to your own directory"),
    ];

    private static Finding Writable(string subject, string directory, string advice)
    {
        try
        {
            OutputDirectory.Probe(directory);
            long free = new DriveInfo(Path.GetFullPath(directory)).AvailableFreeSpace;
            return Finding.Good(subject, $"{directory} is writable, {Units.Memory(free)} free");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return Finding.Problem(subject, $"{directory} is not writable: {e.Message}", advice);
        }
    }
}

/// <summary>Shows environment variables and the terminal.</summary>
internal static class SettingsCheck
{
    public static IEnumerable<Finding> Find()
    {
        foreach ((string name, string meaning) in Settings.All)
        {
            if (Environment.GetEnvironmentVariable(name) is { } value)
                yield return Finding.Good("environment", $"{name}={value}: {meaning}");
        }
        if (Settings.All.All(setting => Environment.GetEnvironmentVariable(setting.Name) is null))
            yield return Finding.Good("environment", $"none of {string.Join(", ", Settings.All.Select(setting => setting.Name))} is set");
        if (Settings.Value(Settings.Device) is { } device && DeviceFault(device) is { } fault)
            yield return Finding.Problem("environment", fault, $"unset {Settings.Device}, or set it to a device of this machine");
        yield return Terminal();
    }

    private static string? DeviceFault(string device)
    {
        try
        {
            DeviceChoices.Open(device, Precision.Float32.Name(), 1, TextWriter.Null).Dispose();
            return null;
        }
        catch (Exception e) when (e is UsageException or EngineException)
        {
            return e.Message;
        }
    }

    private static Finding Terminal()
    {
        if (Console.IsOutputRedirected) return Finding.None("terminal", "the output goes to a file or program, without colours");
        string colours = Tables.HasColours(Console.Out) ? "colours" : "no colours";
        string columns = Console.WindowWidth is > 0 and int width ? $"{width} columns, " : "", encoding = Console.OutputEncoding.WebName;
        string text = $"{columns}{colours}, {encoding}";
        return encoding.StartsWith("utf", StringComparison.OrdinalIgnoreCase)
            ? Finding.Good("terminal", text)
            : Finding.Warning("terminal", text, "for the lines of tables, set a UTF-8 locale such as LANG=C.UTF-8 (chcp 65001 on Windows)");
    }
}
