using LungSeg.PtxInterpreter.Memory;

namespace LungSeg.PtxInterpreter.Execution;

/// <summary>The warps that share memory and barriers; one object runs many blocks, one after the other.</summary>
internal sealed class Block : IDisposable
{
    private readonly LaunchConfiguration _launch;
    private readonly Warp[] _warps;

    public Block(Program program, LaunchConfiguration launch, byte[] parameters, IDeviceMemory memory, Checks checks)
    {
        _launch = launch;
        Parameters = parameters;
        Memory = memory;
        CountsBanks = checks == Checks.Banks;
        Shared = new SharedMemory(program.StaticSharedBytes, launch.SharedBytes, checks);
        _warps = [.. Enumerable.Range(0, (launch.Threads + Lanes.Count - 1) / Lanes.Count).Select(index => new Warp(program, this, index))];
    }

    public byte[] Parameters { get; }

    public bool CountsBanks { get; }

    public IDeviceMemory Memory { get; }

    public SharedMemory Shared { get; }

    public int X { get; private set; }

    public int Y { get; private set; }

    public int Z { get; private set; }

    public IReadOnlyList<Warp> Warps => _warps;

    /// <summary>A warp's fences towards the tensor cores; where none are asked for, more than there can be.</summary>
    public int FencesOf(int warp) => _launch.ProxyFences ? _warps[warp].Fences : int.MaxValue;

    public void Run(int x, int y, int z)
    {
        (X, Y, Z) = (x, y, z);
        Shared.Clear();
        foreach (Warp warp in _warps)
        {
            int threads = Math.Min(Lanes.Count, _launch.Threads - (warp.Index * Lanes.Count));
            warp.Start(threads == Lanes.Count ? Lanes.All : (1u << threads) - 1);
        }
        for (bool running = true; running;)
        {
            running = false;
            foreach (Warp warp in _warps)
            {
                if (warp.IsDone) continue;
                warp.Run();
                running |= !warp.IsDone;
            }
            // All that are left wait. Threads that ended count as arrived, as on the GPU.
            if (!running) break;
            foreach (Warp warp in _warps) warp.IsWaiting = false;
            Shared.PassBarrier();
        }
        foreach (Warp warp in _warps)
        {
            if (warp.Products.IsUnderWay) throw warp.Fault("ends while products of the tensor cores are under way");
        }
        // A warpgroup multiplies together: where one of its warps has not, the others would wait for ever.
        foreach (Warp[] group in _warps.Chunk(4))
        {
            if (group.Any(warp => warp.Products.Begun != group[0].Products.Begun))
                throw group[0].Fault("not all warps of a warpgroup begin the same products");
        }
    }

    /// <summary>The value of a special register, or of a symbol that stands for an address.</summary>
    public ulong Special(string name, Warp warp, int lane) => name switch
    {
        "%tid.x" => (ulong)warp.Thread(lane),
        "%tid.y" or "%tid.z" => 0,
        "%ntid.x" => (ulong)_launch.Threads,
        "%ntid.y" or "%ntid.z" => 1,
        "%ctaid.x" => (ulong)X,
        "%ctaid.y" => (ulong)Y,
        "%ctaid.z" => (ulong)Z,
        "%nctaid.x" => (ulong)_launch.GridX,
        "%nctaid.y" => (ulong)_launch.GridY,
        "%nctaid.z" => (ulong)_launch.GridZ,
        "%laneid" => (ulong)lane,
        "%warpid" => (ulong)warp.Index,
        DynamicShared => (ulong)Shared.DynamicOffset,
        _ => throw new InvalidOperationException($"no special register '{name}'"),
    };

    /// <summary>Stands for the address of dynamic shared memory.</summary>
    public const string DynamicShared = "dynamic shared memory";

    public void Dispose()
    {
        foreach (Warp warp in _warps) warp.Dispose();
        Shared.Dispose();
    }
}
