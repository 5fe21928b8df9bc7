using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda.Convolution;

/// <summary>
/// Estimates how long a convolution's launch takes: what its multiply-accumulates need in whole waves of blocks over the multiprocessors,
/// or what its bytes need through as many multiprocessors as have a block, whichever is more, and a part of the other. The constants
/// are what <see cref="CudaTuning"/> measured on the card, or else estimates from NVIDIA's tables of throughput by compute capability.
/// </summary>
internal static class CostModel
{
    private const double LaunchMicroseconds = 2.5, MemoryEfficiency = 0.75, StartSteps = 3, Unhidden = 0.2, Efficiency = 0.6;
    private static readonly string[] FullRate = ["A40", "L40"];

    // What one multiprocessor alone can draw of the memory's bandwidth, in shares of an equal division.
    private const double ShareOfMultiprocessor = 1.5;

    // Where the driver does not tell.
    private const double SlowestMegahertz = 1000, SlowestMemory = 200e9;
    private const int ThreadsOfMultiprocessor = 2048, RegistersOfMultiprocessor = 65536;

    /// <summary>Microseconds for a batch, the sum of split reductions included.</summary>
    public static double Microseconds(TileChoice choice, int batch, PrecisionKernels kernels)
    {
        (CudaDevice device, int elementBytes, CudaTuning? tuning) = (kernels.Device, kernels.ElementBytes, kernels.Tuning);
        double launch = tuning?.LaunchMicroseconds ?? LaunchMicroseconds;
        (KernelInfo kernel, TileWeights weights, TileProblem problem, int splits) = choice;
        long pixels = (long)problem.Rows * problem.Columns;
        long blocks = weights.Groups * Ceiling(weights.Filters, kernel.TileN) * Ceiling(pixels, kernel.TileM) * batch * problem.Phases
            * splits;
        double steps = Ceiling(choice.Steps, splits) + StartSteps;

        int resident = Resident(kernel, device);
        double macsOfBlock = (double)kernel.TileM * kernel.TileN * kernel.TileK * steps;
        // A multiprocessor's blocks share its arithmetic; with fewer of them than it could hold each goes faster, but not much.
        double together = Math.Clamp((double)blocks / device.Multiprocessors, 1, resident);
        double waves = Math.Ceiling(blocks / (together * device.Multiprocessors));
        double compute = waves * together * macsOfBlock
            / (MacsPerClock(kernel, device, tuning) * Math.Max(device.ClockMegahertz, SlowestMegahertz));

        long inputBytes = problem.InputElements * elementBytes * batch,
            outputBytes = pixels * problem.Phases * weights.Groups * weights.Filters * batch;
        double bytes = inputBytes + (outputBytes * (splits > 1 ? 4.0 * splits : elementBytes))
            + ((double)weights.ElementsByFilter(1) * problem.Phases * elementBytes);
        double perMicrosecond = (tuning?.MemoryBytesPerSecond ?? (Math.Max(device.MemoryBytesPerSecond, SlowestMemory) * MemoryEfficiency))
            / 1e6;
        double memory = bytes / (perMicrosecond * Math.Min(1, ShareOfMultiprocessor * blocks / device.Multiprocessors));

        double reduce = splits == 1 ? 0
            : launch + (outputBytes * ((4.0 * splits) + elementBytes) / perMicrosecond);
        return launch + Math.Max(compute, memory) + (Unhidden * Math.Min(compute, memory)) + reduce;
    }

    // Blocks that a multiprocessor holds at once, by shared memory, threads and a guess of 128 registers for each thread.
    private static int Resident(KernelInfo kernel, CudaDevice device)
    {
        int shared = kernel.SharedBytes == 0 ? int.MaxValue : device.SharedBytesPerMultiprocessor / (kernel.SharedBytes + 1024);
        return Math.Max(1, Math.Min(shared, Math.Min(ThreadsOfMultiprocessor / kernel.Threads,
            RegistersOfMultiprocessor / (128 * kernel.Threads))));
    }

    // A multiprocessor's multiply-accumulates in a clock: as measured, or the most that it can do, times the share that such a kernel is
    // expected to reach.
    private static double MacsPerClock(KernelInfo kernel, CudaDevice device, CudaTuning? tuning) =>
        tuning is not null && tuning.MacsPerClock.TryGetValue(kernel.Name, out double measured) ? measured
        : Efficiency * Math.Min(1, (kernel.TileM * kernel.TileN / 16384.0) + 0.5) * Peak(kernel.Family, kernel.Precision, device);

    /// <summary>A multiprocessor's multiply-accumulates in a clock at most, with sums in float32.</summary>
    public static double Peak(string family, string precision, CudaDevice device)
    {
        int capability = device.ComputeCapability;
        if (family == KernelFamily.ConvSimt) return capability is 60 or 80 || device.Major == 7 ? 64 : 128;
        double half = capability switch
        {
            // Hopper's full rate is that of wgmma; mma.sync reaches about 60 % of it.
            90 => family == KernelFamily.ConvWgmma ? 2048 : 0.6 * 2048,
            80 or 87 or (>= 100 and < 120) => 1024,
            // The same chip sums in float32 at full rate in a card for data centres, at half of it in others.
            _ => FullRate.Any(device.Name.Contains) ? 512 : 256,
        };
        return precision == KernelNumbers.TensorFloat32 ? half / 2 : half;
    }

    private static long Ceiling(long a, long b) => (a + b - 1) / b;
}

/// <summary>What a tiled convolution computes for one image: output rows and columns of a phase, and what is read for them.</summary>
internal readonly record struct TileProblem(int Rows, int Columns, int Phases, long InputElements);

/// <summary>A kernel for a convolution, with its groups as merged, and the splits of its reduction.</summary>
internal readonly record struct TileChoice(KernelInfo Kernel, TileWeights Weights, TileProblem Problem, int Splits)
{
    /// <summary>Blocks of the reduction.</summary>
    public int Steps => ((Weights.R * Weights.S * Weights.Channels) + Kernel.TileK - 1) / Kernel.TileK;

    /// <summary>Its launch for so many images.</summary>
    public GridSize Grid(int images) => new ConvParameters
    {
        Groups = Weights.Groups,
        Filters = Weights.Filters,
        Rows = Problem.Rows,
        Columns = Problem.Columns,
        Batch = images,
        Phases = Problem.Phases,
        Splits = Splits,
    }.Grid(Kernel.TileM, Kernel.TileN);
}
