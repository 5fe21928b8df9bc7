using System.Collections.Concurrent;

namespace LungSeg.Engine.Backends.Cpu;

/// <summary>
/// While a plan is being built, runs a unit of each kind of kernel on a thread of its own: the just-in-time compiler makes the vector code
/// while the weights of later kernels are packed. What it computes on the plan's empty memory, the first run computes anew.
/// </summary>
internal sealed unsafe class JitWarmup : IDisposable
{
    private readonly BlockingCollection<Kernel> _kernels = [];
    private readonly HashSet<KernelKind> _kinds = [];
    private readonly Thread _thread;

    public JitWarmup()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = "lungseg JIT warm-up" };
        _thread.Start();
    }

    /// <summary>Takes a kernel that is bound to memory and weights.</summary>
    public void Add(Kernel kernel)
    {
        if (_kinds.Add(kernel.Kind)) _kernels.Add(kernel);
    }

    /// <summary>Helps with what is left and waits for the last kernel: none touches the plan's memory after that.</summary>
    public void Dispose()
    {
        _kernels.CompleteAdding();
        Run();
        _thread.Join();
        _kernels.Dispose();
    }

    private void Run()
    {
        try
        {
            foreach (Kernel kernel in _kernels.GetConsumingEnumerable())
            {
                using var scratch = new NativeMemoryBlock(kernel.ScratchFloats + CpuTensor.Lanes);
                kernel.Run(0, 1, scratch.Data);
            }
        }
        catch (DeviceException)
        {
            // Memory is short: the plan, which needs as much, will say so, or get by with what is left.
        }
    }
}
