using LungSeg.PtxInterpreter.Execution;
using LungSeg.PtxInterpreter.Memory;
using LungSeg.PtxInterpreter.Syntax;

namespace LungSeg.PtxInterpreter;

/// <summary>An entry point, ready to run.</summary>
public sealed class PtxKernel
{
    private readonly Program _program;

    internal PtxKernel(KernelSyntax syntax, Program program)
    {
        _program = program;
        MaxThreads = syntax.MaxThreads;
        Instructions = [.. syntax.Instructions.Select(instruction => string.Join('.', instruction.Parts))];
    }

    /// <summary>The entry point's name.</summary>
    public string Name => _program.Name;

    /// <summary>Bytes of the parameters.</summary>
    public int ParameterBytes => _program.ParameterBytes;

    /// <summary>Shared memory that the module declares itself.</summary>
    public int StaticSharedBytes => _program.StaticSharedBytes;

    /// <summary>Threads of a block that it was compiled for; 0: not stated.</summary>
    public int MaxThreads { get; }

    /// <summary>The instructions as written, without operands.</summary>
    public IReadOnlyList<string> Instructions { get; }

    /// <summary>For each of them, whether any lane of any launch has run it.</summary>
    public IReadOnlyList<bool> Reached => _program.Reached;

    /// <summary>
    /// For each instruction, turns of shared memory that it took under <see cref="Checks.Banks"/>, and how many without bank conflicts.
    /// </summary>
    public IReadOnlyList<(long Turns, long Least)> BankUse => _program.BankUse;

    /// <summary>
    /// Runs a launch to its end and returns the warps' steps. Throws <see cref="PtxFaultException"/> at the first thing that a GPU
    /// would get wrong. Blocks run in any order, so what they write must not depend on it.
    /// </summary>
    public long Run(LaunchConfiguration launch, ReadOnlySpan<byte> parameters, IDeviceMemory memory, Checks checks = Checks.All)
    {
        if (parameters.Length != ParameterBytes)
            throw new PtxFaultException($"{Name}: {ParameterBytes} bytes of parameters expected, {parameters.Length} given");
        if (launch.GridX < 1 || launch.GridY < 1 || launch.GridZ < 1 || launch.GridY > 65535 || launch.GridZ > 65535
            || launch.Threads is < 1 or > 1024)
            throw new PtxFaultException($"{Name}: no GPU can launch {launch}");
        if (MaxThreads > 0 && launch.Threads > MaxThreads)
            throw new PtxFaultException($"{Name}: compiled for {MaxThreads} threads, launched with {launch.Threads}");
        byte[] bytes = parameters.ToArray();
        long blocks = (long)launch.GridX * launch.GridY * launch.GridZ, executed = 0, next = 0;
        void Work()
        {
            using var block = new Block(_program, launch, bytes, memory, checks);
            for (long i = Interlocked.Increment(ref next) - 1; i < blocks; i = Interlocked.Increment(ref next) - 1)
                block.Run((int)(i % launch.GridX), (int)(i / launch.GridX % launch.GridY), (int)(i / launch.GridX / launch.GridY));
            Interlocked.Add(ref executed, block.Warps.Sum(warp => warp.Executed));
        }
        if (launch.Workers <= 1)
        {
            Work();
        }
        else
        {
            try
            {
                Parallel.For(0, launch.Workers, new ParallelOptions { MaxDegreeOfParallelism = launch.Workers }, _ => Work());
            }
            catch (AggregateException e) when (e.InnerException is PtxFaultException fault)
            {
                throw fault;
            }
        }
        return executed;
    }
}
