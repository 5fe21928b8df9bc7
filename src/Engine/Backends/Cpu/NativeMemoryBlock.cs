using System.Runtime.InteropServices;

namespace LungSeg.Engine.Backends.Cpu;

/// <summary>Zeroed, 64-byte aligned memory outside the garbage collector's heap.</summary>
internal sealed unsafe class NativeMemoryBlock : SafeHandle
{
    private const int Alignment = 64;

    public NativeMemoryBlock(nint floats) : base(0, ownsHandle: true)
    {
        Floats = floats;
        if (MemoryMeasure.Current is { } measure && !measure.Add(floats)) return;
        try
        {
            SetHandle((nint)NativeMemory.AlignedAlloc((nuint)Math.Max(floats, 1) * sizeof(float), Alignment));
        }
        catch (OutOfMemoryException e)
        {
            throw new DeviceException(
                $"{floats * sizeof(float) / 1048576.0:F0} MiB of memory could not be had; use a smaller batch or size", e);
        }
        NativeMemory.Clear((void*)handle, (nuint)floats * sizeof(float));
    }

    public nint Floats { get; }

    public float* Data => (float*)handle;

    /// <summary>Whether there is memory: not where it is only measured.</summary>
    public bool IsBacked => handle != 0;

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        NativeMemory.AlignedFree((void*)handle);
        return true;
    }
}
