using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using LungSeg.Engine.Backends.Cpu.Int8;

namespace LungSeg.Engine.Backends.Cpu;

/// <summary>
/// Runs graphs on the processor: vectors, a pool of threads, NHWC. Results are the same bits for any number of threads, any batch and any
/// instruction set with fused multiply-add (all but <see cref="InstructionSet.Vector128"/> on x64 processors that have none).
/// </summary>
public sealed class CpuBackend : IBackend
{
    /// <summary>The most threads that a backend takes.</summary>
    public const int MaxThreads = 256;

    private readonly Workers _workers;
    private readonly UseCount _uses;

    /// <summary>Starts a pool of threads (0: one for each processor) for an instruction set (null: the processor's best).</summary>
    public CpuBackend(int threads = 0, InstructionSet? instructionSet = null)
    {
        if (threads is < 0 or > MaxThreads)
            throw new DeviceException($"expected 1 to {MaxThreads} threads, or 0 for one for each processor, found {threads}");
        InstructionSet = instructionSet ?? InstructionSets.Best;
        if (!InstructionSets.Supported.Contains(InstructionSet))
            throw new DeviceException($"this processor has no {InstructionSet}; it has {string.Join(", ", InstructionSets.Supported)}");
        _workers = new Workers(threads == 0 ? Environment.ProcessorCount : threads);
        _uses = new UseCount(typeof(CpuBackend), _workers.Dispose);
    }

    /// <summary>The instruction set that kernels are made for.</summary>
    public InstructionSet InstructionSet { get; }

    /// <summary>
    /// Whether results have the same bits as those of every other processor with fused multiply-add: x64 with AVX2 or AVX-512, and Arm64.
    /// </summary>
    public bool IsReproducible => InstructionSet != InstructionSet.Vector128 || Fma.IsSupported || AdvSimd.IsSupported;

    /// <summary>The number of threads, the caller's own included.</summary>
    public int Threads => _workers.Count;

    /// <inheritdoc/>
    public string Description => $"{Processor}, {Threads} {(Threads == 1 ? "thread" : "threads")}";

    /// <inheritdoc/>
    public string Processor => $"CPU, {InstructionSet}";

    /// <inheritdoc/>
    public Model Load(Graph graph, LoadOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(graph);
        options ??= new LoadOptions();
        using (_uses.Enter())
        {
            Graph rewritten = Passes.StandardPasses.Apply(graph, options);
            // Machine code for integers is mapped where there are integers.
            IntegerPath path = options.IntegerPath
                ?? (rewritten.Nodes.Any(Int8Builder.Takes) ? IntegerPaths.Of(InstructionSet)[^1] : default);
            return new CpuModel(rewritten, options.Patterns, InstructionSet, path, _workers, options.CompactHeap, _uses);
        }
    }

    /// <summary>
    /// Ends the threads, once no run needs them; further calls, those of plans included, throw <see cref="ObjectDisposedException"/>.
    /// </summary>
    public void Dispose() => _uses.Close();
}
