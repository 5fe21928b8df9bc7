using System.Runtime.InteropServices;

namespace LungSeg.Engine.Backends.Cpu;

/// <summary>Zeroed, 64-byte aligned memory outside the garbage collector's heap.</summary>
internal sealed unsafe class NativeMemoryBlock : SafeHandle
{
    private const int Alignment = 64;

    public NativeMemoryBlock(nint floats) : base(0, ownsHandle: true)
    {
        Floats = floats;
        // Asked for as zeroed, large blocks are pages that the system clears when somebody first touches them.
        try
        {
            SetHandle((nint)NativeMemory.AllocZeroed(((nuint)Math.Max(floats, 1) * sizeof(float)) + Alignment));
        }
        catch (OutOfMemoryException e)
        {
            throw new DeviceException($"{floats * sizeof(float) / 1048576.0:F0} MiB of memory could not be had; use a smaller batch or size", e);
        }
    }

    public nint Floats { get; }

    public float* Data => (float*)((handle + Alignment - 1) & ~(nint)(Alignment - 1));

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        NativeMemory.Free((void*)handle);
        return true;
    }
}
