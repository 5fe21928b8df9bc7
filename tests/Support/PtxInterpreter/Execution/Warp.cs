using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LungSeg.PtxInterpreter.Memory;

namespace LungSeg.PtxInterpreter.Execution;

/// <summary>32 threads in lockstep: their registers, their place in the program, and their view of memory.</summary>
internal sealed unsafe class Warp : IDisposable
{
    private readonly Program _program;
    private DeviceAllocation _recent;
    private int _pc;

    public Warp(Program program, Block block, int index)
    {
        _program = program;
        Block = block;
        Index = index;
        Registers = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(program.RegisterBytes, 64), 64);
        // Not-a-number, so that a register that was never written shows.
        new Span<byte>(Registers, program.RegisterBytes).Fill(0xFF);
        Predicates = (uint*)NativeMemory.AllocZeroed((nuint)Math.Max(program.Predicates, 1), sizeof(uint));
        foreach (Constant constant in program.Constants) Fill(constant.Register, constant.Is64, constant.Bits);
    }

    public Block Block { get; }

    public int Index { get; }

    public byte* Registers { get; }

    /// <summary>A bit for each lane.</summary>
    public uint* Predicates { get; }

    public Divergence Flow { get; } = new();

    public AsyncCopies Copies { get; } = new();

    public AsyncProducts Products { get; } = new();

    /// <summary>Times that the warp has shown its writes of shared memory to the tensor cores.</summary>
    public int Fences { get; set; }

    /// <summary>Times that the warp's lanes have synchronised with each other.</summary>
    public int Epoch { get; set; }

    public bool IsWaiting { get; set; }

    public bool IsDone => Flow.Live == 0;

    /// <summary>Steps run so far.</summary>
    public long Executed { get; private set; }

    public void Start(uint lanes)
    {
        Flow.Start(lanes);
        Copies.Clear();
        Products.Clear();
        Epoch = 0;
        Fences = 0;
        IsWaiting = false;
        foreach (SpecialRegister register in _program.SpecialRegisters)
        {
            for (int lane = 0; lane < Lanes.Count; lane++)
            {
                ulong value = Block.Special(register.Name, this, lane);
                if (register.Is64) ((ulong*)(Registers + register.Register))[lane] = value;
                else ((uint*)(Registers + register.Register))[lane] = (uint)value;
            }
        }
    }

    /// <summary>Runs until the warp waits at a barrier or ends.</summary>
    public void Run()
    {
        Step[] steps = _program.Steps;
        bool[] reached = _program.Reached;
        Divergence flow = Flow;
        while (flow.Mask != 0)
        {
            _pc = flow.Pc;
            if (_pc >= steps.Length)
            {
                flow.Exit(flow.Mask);
                continue;
            }
            Step step = steps[_pc];
            uint mask = flow.Mask;
            if (step.Guard >= 0)
            {
                uint guard = Predicates[step.Guard];
                mask &= step.IsNegated ? ~guard : guard;
            }
            Executed++;
            if (mask != 0) reached[_pc] = true;
            switch (step.Kind)
            {
                case StepKind.Plain:
                    flow.Pc = _pc + 1;
                    if (mask != 0) step.Operation.Execute(this, mask);
                    break;
                case StepKind.Branch:
                    if (mask == 0) flow.Pc = _pc + 1;
                    else if (mask == flow.Mask) flow.Pc = step.Target;
                    else flow.Part(mask, step.Target, _pc + 1, step.Reconvergence);
                    break;
                case StepKind.Exit:
                    flow.Pc = _pc + 1;
                    if (mask != 0) flow.Exit(mask);
                    continue;
                case StepKind.Barrier:
                    if (mask != flow.Live)
                        throw Fault($"waits for the block with lanes 0x{mask:x8} of 0x{flow.Live:x8} only: the others took another branch");
                    flow.Pc = _pc + 1;
                    IsWaiting = true;
                    if (flow.Pc == flow.Reconvergence) flow.Join();
                    return;
            }
            if (flow.Pc == flow.Reconvergence) flow.Join();
        }
    }

    /// <summary>The memory behind a device address.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* Global(ulong address, int bytes, int lane)
    {
        if ((address & (uint)(bytes - 1)) == 0 && _recent.Contains(address, bytes)) return (byte*)_recent.Data + (address - _recent.Start);
        return FindGlobal(address, bytes, lane);
    }

    /// <summary>The memory behind a shared address, aligned and within bounds.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* Shared(uint address, int bytes, int lane)
    {
        if ((address & (uint)(bytes - 1)) != 0)
            throw Fault($"accesses {bytes} bytes of shared memory at {address}, which is not aligned to them", lane);
        byte* place = Block.Shared.Find(address, bytes);
        return place != null ? place : throw Fault(
            $"accesses {bytes} bytes of shared memory at {address}; the block has {Block.Shared.Bytes}", lane);
    }

    /// <summary>Counts the banks of shared memory that an access of all its lanes asks for.</summary>
    public void CountBanks(ReadOnlySpan<uint> addresses, int bytes)
    {
        if (!Block.CountsBanks || addresses.Length == 0) return;
        (int turns, int minimum) = Banks.Turns(addresses, bytes);
        lock (_program.BankUse)
        {
            ref (long Turns, long Minimum) use = ref _program.BankUse[_pc];
            use = (use.Turns + turns, use.Minimum + minimum);
        }
    }

    /// <summary>Throws if noting an access found something wrong.</summary>
    public void Check(string? fault, uint address, int lane)
    {
        if (fault is not null) throw Fault($"{fault}, at shared address {address}", lane);
    }

    /// <summary>Throws unless all lanes that have not ended are here.</summary>
    public void RequireConvergence(uint mask)
    {
        if (mask != Flow.Live) throw Fault($"needs all lanes of the warp; 0x{mask:x8} of 0x{Flow.Live:x8} are here");
    }

    public int Thread(int lane) => (Index * Lanes.Count) + lane;

    public PtxFaultException Fault(string what, int lane = -1) => new(
        $"{_program.Name}, block ({Block.X}, {Block.Y}, {Block.Z}), {(lane < 0 ? $"warp {Index}" : $"thread {Thread(lane)}")}, "
            + $"'{_program.Steps[_pc].Text}': {what}");

    public void Dispose()
    {
        NativeMemory.AlignedFree(Registers);
        NativeMemory.Free(Predicates);
    }

    private byte* FindGlobal(ulong address, int bytes, int lane)
    {
        if ((address & (uint)(bytes - 1)) != 0) throw Fault($"accesses {bytes} bytes at 0x{address:x}, which is not aligned to them", lane);
        if (!Block.Memory.TryFind(address, out DeviceAllocation allocation))
            throw Fault($"accesses {bytes} bytes at 0x{address:x}, which belongs to no allocation", lane);
        if (!allocation.Contains(address, bytes))
            throw Fault(
                $"accesses {bytes} bytes at 0x{address:x}, beyond the end of the {allocation.Bytes} bytes at 0x{allocation.Start:x}", lane);
        _recent = allocation;
        return (byte*)allocation.Data + (address - allocation.Start);
    }

    private void Fill(int register, bool is64, ulong bits)
    {
        if (is64) new Span<ulong>(Registers + register, Lanes.Count).Fill(bits);
        else new Span<uint>(Registers + register, Lanes.Count).Fill((uint)bits);
    }
}
