namespace LungSeg.Engine.Backends.Cuda.Driver;

/// <summary>
/// The entries of the CUDA driver API that the backend calls, by their names there without "cu" and version suffix. A thin seam:
/// nothing is checked or remembered here, and tests put a driver of their own in its place.
/// </summary>
internal unsafe interface ICudaDriver
{
    CudaResult Init(uint flags);

    CudaResult DriverGetVersion(int* version);

    /// <summary>The code's name, such as CUDA_ERROR_OUT_OF_MEMORY, as zero-terminated text that is the driver's.</summary>
    CudaResult GetErrorName(CudaResult code, byte** name);

    /// <summary>What the code means in a few words.</summary>
    CudaResult GetErrorString(CudaResult code, byte** description);

    CudaResult DeviceGetCount(int* count);

    CudaResult DeviceGet(int* device, int ordinal);

    CudaResult DeviceGetName(byte* name, int length, int device);

    CudaResult DeviceTotalMem(nuint* bytes, int device);

    CudaResult DeviceGetAttribute(int* value, DeviceAttribute attribute, int device);

    CudaResult DevicePrimaryCtxRetain(nint* context, int device);

    CudaResult DevicePrimaryCtxRelease(int device);

    CudaResult CtxSetCurrent(nint context);

    CudaResult ModuleLoadDataEx(nint* module, byte* image, uint options, JitOption* names, void** values);

    CudaResult ModuleUnload(nint module);

    CudaResult ModuleGetFunction(nint* function, nint module, byte* name);

    CudaResult FuncGetAttribute(int* value, FunctionAttribute attribute, nint function);

    CudaResult FuncSetAttribute(nint function, FunctionAttribute attribute, int value);

    CudaResult OccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, nint function, int threads, nuint dynamicSharedBytes);

    CudaResult MemGetInfo(nuint* free, nuint* total);

    CudaResult MemAlloc(ulong* address, nuint bytes);

    CudaResult MemFree(ulong address);

    CudaResult MemHostAlloc(void** memory, nuint bytes, uint flags);

    CudaResult MemFreeHost(void* memory);

    CudaResult MemcpyHtoDAsync(ulong target, void* source, nuint bytes, nint stream);

    CudaResult MemcpyDtoHAsync(void* target, ulong source, nuint bytes, nint stream);

    CudaResult MemsetD8Async(ulong target, byte value, nuint bytes, nint stream);

    CudaResult StreamCreate(nint* stream, uint flags);

    CudaResult StreamDestroy(nint stream);

    CudaResult StreamSynchronize(nint stream);

    CudaResult EventCreate(nint* handle, uint flags);

    CudaResult EventDestroy(nint handle);

    CudaResult EventRecord(nint handle, nint stream);

    CudaResult EventSynchronize(nint handle);

    CudaResult EventElapsedTime(float* milliseconds, nint start, nint end);

    CudaResult StreamBeginCapture(nint stream, uint mode);

    CudaResult StreamEndCapture(nint stream, nint* graph);

    CudaResult GraphInstantiate(nint* executable, nint graph, ulong flags);

    CudaResult GraphDestroy(nint graph);

    CudaResult GraphExecDestroy(nint executable);

    CudaResult GraphLaunch(nint executable, nint stream);

    CudaResult LaunchKernel(
        nint function, uint gridX, uint gridY, uint gridZ, uint blockX, uint blockY, uint blockZ,
        uint dynamicSharedBytes, nint stream, void** parameters, void** extra);
}
