using System.Runtime.InteropServices;
using LungSeg.Engine.Backends.Cuda.Driver;

namespace LungSeg.Engine.Tests.Backends.Cuda;

/// <summary>
/// A driver library of unmanaged functions that do nothing but answer, so that the function pointers are called as on a machine with a
/// GPU, and nothing but the backend allocates.
/// </summary>
internal static unsafe class NativeStub
{
    public static ICudaDriver Open() => DriverLibrary.Open("stub", Find);

    private static bool Find(string name, out nint address)
    {
        address = name switch
        {
            "cuDeviceGetCount" or "cuDeviceGet" => (nint)(delegate* unmanaged<int*, int>)&WriteOne,
            "cuDeviceGetAttribute" => (nint)(delegate* unmanaged<int*, int, int, int>)&Attribute,
            "cuMemHostAlloc" => (nint)(delegate* unmanaged<void**, nuint, uint, int>)&Allocate,
            "cuMemFreeHost" => (nint)(delegate* unmanaged<void*, int>)&Free,
            "cuStreamEndCapture" => (nint)(delegate* unmanaged<nint, nint*, int>)&EndCapture,
            "cuEventElapsedTime" => (nint)(delegate* unmanaged<float*, int>)&Elapsed,
            "cuDevicePrimaryCtxRetain" or "cuModuleLoadDataEx" or "cuModuleGetFunction" or "cuMemAlloc_v2" or "cuStreamCreate"
                or "cuEventCreate" or "cuGraphInstantiateWithFlags" => (nint)(delegate* unmanaged<nint*, int>)&WriteHandle,
            _ => (nint)(delegate* unmanaged<int>)&Nothing,
        };
        return true;
    }

    [UnmanagedCallersOnly]
    private static int Nothing() => 0;

    [UnmanagedCallersOnly]
    private static int WriteOne(int* value)
    {
        *value = 1;
        return 0;
    }

    [UnmanagedCallersOnly]
    private static int WriteHandle(nint* value)
    {
        *value = 0x1000;
        return 0;
    }

    [UnmanagedCallersOnly]
    private static int Attribute(int* value, int attribute, int device)
    {
        *value = attribute switch { 75 => 9, 76 => 0, 16 => 132, _ => 1 << 20 };
        return 0;
    }

    [UnmanagedCallersOnly]
    private static int Allocate(void** memory, nuint bytes, uint flags)
    {
        *memory = NativeMemory.Alloc(bytes);
        return 0;
    }

    [UnmanagedCallersOnly]
    private static int Free(void* memory)
    {
        NativeMemory.Free(memory);
        return 0;
    }

    [UnmanagedCallersOnly]
    private static int EndCapture(nint stream, nint* graph)
    {
        *graph = 0x2000;
        return 0;
    }

    [UnmanagedCallersOnly]
    private static int Elapsed(float* milliseconds)
    {
        *milliseconds = 0.25f;
        return 0;
    }
}
