namespace LungSeg.Engine.Backends.Cuda.Driver;

/// <summary>The machine's own driver, called through function pointers: nothing is bound before it is known to be there.</summary>
internal sealed unsafe class NativeDriver(DriverLibrary library) : ICudaDriver
{
    private readonly delegate* unmanaged<uint, CudaResult> _init = (delegate* unmanaged<uint, CudaResult>)library.Entry("cuInit");
    private readonly delegate* unmanaged<int*, CudaResult> _driverGetVersion =
        (delegate* unmanaged<int*, CudaResult>)library.Entry("cuDriverGetVersion");
    private readonly delegate* unmanaged<CudaResult, byte**, CudaResult> _getErrorName =
        (delegate* unmanaged<CudaResult, byte**, CudaResult>)library.Entry("cuGetErrorName");
    private readonly delegate* unmanaged<CudaResult, byte**, CudaResult> _getErrorString =
        (delegate* unmanaged<CudaResult, byte**, CudaResult>)library.Entry("cuGetErrorString");
    private readonly delegate* unmanaged<int*, CudaResult> _deviceGetCount =
        (delegate* unmanaged<int*, CudaResult>)library.Entry("cuDeviceGetCount");
    private readonly delegate* unmanaged<int*, int, CudaResult> _deviceGet =
        (delegate* unmanaged<int*, int, CudaResult>)library.Entry("cuDeviceGet");
    private readonly delegate* unmanaged<byte*, int, int, CudaResult> _deviceGetName =
        (delegate* unmanaged<byte*, int, int, CudaResult>)library.Entry("cuDeviceGetName");
    private readonly delegate* unmanaged<nuint*, int, CudaResult> _deviceTotalMem =
        (delegate* unmanaged<nuint*, int, CudaResult>)library.Entry("cuDeviceTotalMem_v2");
    private readonly delegate* unmanaged<int*, DeviceAttribute, int, CudaResult> _deviceGetAttribute =
        (delegate* unmanaged<int*, DeviceAttribute, int, CudaResult>)library.Entry("cuDeviceGetAttribute");
    private readonly delegate* unmanaged<nint*, int, CudaResult> _devicePrimaryCtxRetain =
        (delegate* unmanaged<nint*, int, CudaResult>)library.Entry("cuDevicePrimaryCtxRetain");
    private readonly delegate* unmanaged<int, CudaResult> _devicePrimaryCtxRelease =
        (delegate* unmanaged<int, CudaResult>)library.Entry("cuDevicePrimaryCtxRelease_v2");
    private readonly delegate* unmanaged<nint, CudaResult> _ctxSetCurrent =
        (delegate* unmanaged<nint, CudaResult>)library.Entry("cuCtxSetCurrent");
    private readonly delegate* unmanaged<nint*, byte*, uint, JitOption*, void**, CudaResult> _moduleLoadDataEx =
        (delegate* unmanaged<nint*, byte*, uint, JitOption*, void**, CudaResult>)library.Entry("cuModuleLoadDataEx");
    private readonly delegate* unmanaged<nint, CudaResult> _moduleUnload =
        (delegate* unmanaged<nint, CudaResult>)library.Entry("cuModuleUnload");
    private readonly delegate* unmanaged<nint*, nint, byte*, CudaResult> _moduleGetFunction =
        (delegate* unmanaged<nint*, nint, byte*, CudaResult>)library.Entry("cuModuleGetFunction");
    private readonly delegate* unmanaged<int*, FunctionAttribute, nint, CudaResult> _funcGetAttribute =
        (delegate* unmanaged<int*, FunctionAttribute, nint, CudaResult>)library.Entry("cuFuncGetAttribute");
    private readonly delegate* unmanaged<nint, FunctionAttribute, int, CudaResult> _funcSetAttribute =
        (delegate* unmanaged<nint, FunctionAttribute, int, CudaResult>)library.Entry("cuFuncSetAttribute");
    private readonly delegate* unmanaged<int*, nint, int, nuint, CudaResult> _occupancyMaxActiveBlocksPerMultiprocessor =
        (delegate* unmanaged<int*, nint, int, nuint, CudaResult>)library.Entry("cuOccupancyMaxActiveBlocksPerMultiprocessor");
    private readonly delegate* unmanaged<nuint*, nuint*, CudaResult> _memGetInfo =
        (delegate* unmanaged<nuint*, nuint*, CudaResult>)library.Entry("cuMemGetInfo_v2");
    private readonly delegate* unmanaged<ulong*, nuint, CudaResult> _memAlloc =
        (delegate* unmanaged<ulong*, nuint, CudaResult>)library.Entry("cuMemAlloc_v2");
    private readonly delegate* unmanaged<ulong, CudaResult> _memFree =
        (delegate* unmanaged<ulong, CudaResult>)library.Entry("cuMemFree_v2");
    private readonly delegate* unmanaged<void**, nuint, uint, CudaResult> _memHostAlloc =
        (delegate* unmanaged<void**, nuint, uint, CudaResult>)library.Entry("cuMemHostAlloc");
    private readonly delegate* unmanaged<void*, CudaResult> _memFreeHost =
        (delegate* unmanaged<void*, CudaResult>)library.Entry("cuMemFreeHost");
    private readonly delegate* unmanaged<ulong, void*, nuint, nint, CudaResult> _memcpyHtoDAsync =
        (delegate* unmanaged<ulong, void*, nuint, nint, CudaResult>)library.Entry("cuMemcpyHtoDAsync_v2");
    private readonly delegate* unmanaged<void*, ulong, nuint, nint, CudaResult> _memcpyDtoHAsync =
        (delegate* unmanaged<void*, ulong, nuint, nint, CudaResult>)library.Entry("cuMemcpyDtoHAsync_v2");
    private readonly delegate* unmanaged<ulong, byte, nuint, nint, CudaResult> _memsetD8Async =
        (delegate* unmanaged<ulong, byte, nuint, nint, CudaResult>)library.Entry("cuMemsetD8Async");
    private readonly delegate* unmanaged<nint*, uint, CudaResult> _streamCreate =
        (delegate* unmanaged<nint*, uint, CudaResult>)library.Entry("cuStreamCreate");
    private readonly delegate* unmanaged<nint, CudaResult> _streamDestroy =
        (delegate* unmanaged<nint, CudaResult>)library.Entry("cuStreamDestroy_v2");
    private readonly delegate* unmanaged<nint, CudaResult> _streamSynchronize =
        (delegate* unmanaged<nint, CudaResult>)library.Entry("cuStreamSynchronize");
    private readonly delegate* unmanaged<nint*, uint, CudaResult> _eventCreate =
        (delegate* unmanaged<nint*, uint, CudaResult>)library.Entry("cuEventCreate");
    private readonly delegate* unmanaged<nint, CudaResult> _eventDestroy =
        (delegate* unmanaged<nint, CudaResult>)library.Entry("cuEventDestroy_v2");
    private readonly delegate* unmanaged<nint, nint, CudaResult> _eventRecord =
        (delegate* unmanaged<nint, nint, CudaResult>)library.Entry("cuEventRecord");
    private readonly delegate* unmanaged<nint, CudaResult> _eventSynchronize =
        (delegate* unmanaged<nint, CudaResult>)library.Entry("cuEventSynchronize");
    private readonly delegate* unmanaged<float*, nint, nint, CudaResult> _eventElapsedTime =
        (delegate* unmanaged<float*, nint, nint, CudaResult>)library.Entry("cuEventElapsedTime");
    private readonly delegate* unmanaged<nint, uint, CudaResult> _streamBeginCapture =
        (delegate* unmanaged<nint, uint, CudaResult>)library.Entry("cuStreamBeginCapture_v2");
    private readonly delegate* unmanaged<nint, nint*, CudaResult> _streamEndCapture =
        (delegate* unmanaged<nint, nint*, CudaResult>)library.Entry("cuStreamEndCapture");
    private readonly delegate* unmanaged<nint*, nint, ulong, CudaResult> _graphInstantiate =
        (delegate* unmanaged<nint*, nint, ulong, CudaResult>)library.Entry("cuGraphInstantiateWithFlags");
    private readonly delegate* unmanaged<nint, CudaResult> _graphDestroy =
        (delegate* unmanaged<nint, CudaResult>)library.Entry("cuGraphDestroy");
    private readonly delegate* unmanaged<nint, CudaResult> _graphExecDestroy =
        (delegate* unmanaged<nint, CudaResult>)library.Entry("cuGraphExecDestroy");
    private readonly delegate* unmanaged<nint, nint, CudaResult> _graphLaunch =
        (delegate* unmanaged<nint, nint, CudaResult>)library.Entry("cuGraphLaunch");
    private readonly delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, CudaResult>
        _launchKernel = (delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, CudaResult>)
            library.Entry("cuLaunchKernel");

    public CudaResult Init(uint flags) => _init(flags);

    public CudaResult DriverGetVersion(int* version) => _driverGetVersion(version);

    public CudaResult GetErrorName(CudaResult code, byte** name) => _getErrorName(code, name);

    public CudaResult GetErrorString(CudaResult code, byte** description) => _getErrorString(code, description);

    public CudaResult DeviceGetCount(int* count) => _deviceGetCount(count);

    public CudaResult DeviceGet(int* device, int ordinal) => _deviceGet(device, ordinal);

    public CudaResult DeviceGetName(byte* name, int length, int device) => _deviceGetName(name, length, device);

    public CudaResult DeviceTotalMem(nuint* bytes, int device) => _deviceTotalMem(bytes, device);

    public CudaResult DeviceGetAttribute(int* value, DeviceAttribute attribute, int device) =>
        _deviceGetAttribute(value, attribute, device);

    public CudaResult DevicePrimaryCtxRetain(nint* context, int device) => _devicePrimaryCtxRetain(context, device);

    public CudaResult DevicePrimaryCtxRelease(int device) => _devicePrimaryCtxRelease(device);

    public CudaResult CtxSetCurrent(nint context) => _ctxSetCurrent(context);

    public CudaResult ModuleLoadDataEx(nint* module, byte* image, uint options, JitOption* names, void** values) =>
        _moduleLoadDataEx(module, image, options, names, values);

    public CudaResult ModuleUnload(nint module) => _moduleUnload(module);

    public CudaResult ModuleGetFunction(nint* function, nint module, byte* name) => _moduleGetFunction(function, module, name);

    public CudaResult FuncGetAttribute(int* value, FunctionAttribute attribute, nint function) =>
        _funcGetAttribute(value, attribute, function);

    public CudaResult FuncSetAttribute(nint function, FunctionAttribute attribute, int value) =>
        _funcSetAttribute(function, attribute, value);

    public CudaResult OccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, nint function, int threads, nuint dynamicSharedBytes) =>
        _occupancyMaxActiveBlocksPerMultiprocessor(blocks, function, threads, dynamicSharedBytes);

    public CudaResult MemGetInfo(nuint* free, nuint* total) => _memGetInfo(free, total);

    public CudaResult MemAlloc(ulong* address, nuint bytes) => _memAlloc(address, bytes);

    public CudaResult MemFree(ulong address) => _memFree(address);

    public CudaResult MemHostAlloc(void** memory, nuint bytes, uint flags) => _memHostAlloc(memory, bytes, flags);

    public CudaResult MemFreeHost(void* memory) => _memFreeHost(memory);

    public CudaResult MemcpyHtoDAsync(ulong target, void* source, nuint bytes, nint stream) =>
        _memcpyHtoDAsync(target, source, bytes, stream);

    public CudaResult MemcpyDtoHAsync(void* target, ulong source, nuint bytes, nint stream) =>
        _memcpyDtoHAsync(target, source, bytes, stream);

    public CudaResult MemsetD8Async(ulong target, byte value, nuint bytes, nint stream) => _memsetD8Async(target, value, bytes, stream);

    public CudaResult StreamCreate(nint* stream, uint flags) => _streamCreate(stream, flags);

    public CudaResult StreamDestroy(nint stream) => _streamDestroy(stream);

    public CudaResult StreamSynchronize(nint stream) => _streamSynchronize(stream);

    public CudaResult EventCreate(nint* handle, uint flags) => _eventCreate(handle, flags);

    public CudaResult EventDestroy(nint handle) => _eventDestroy(handle);

    public CudaResult EventRecord(nint handle, nint stream) => _eventRecord(handle, stream);

    public CudaResult EventSynchronize(nint handle) => _eventSynchronize(handle);

    public CudaResult EventElapsedTime(float* milliseconds, nint start, nint end) => _eventElapsedTime(milliseconds, start, end);

    public CudaResult StreamBeginCapture(nint stream, uint mode) => _streamBeginCapture(stream, mode);

    public CudaResult StreamEndCapture(nint stream, nint* graph) => _streamEndCapture(stream, graph);

    public CudaResult GraphInstantiate(nint* executable, nint graph, ulong flags) => _graphInstantiate(executable, graph, flags);

    public CudaResult GraphDestroy(nint graph) => _graphDestroy(graph);

    public CudaResult GraphExecDestroy(nint executable) => _graphExecDestroy(executable);

    public CudaResult GraphLaunch(nint executable, nint stream) => _graphLaunch(executable, stream);

    public CudaResult LaunchKernel(
        nint function, uint gridX, uint gridY, uint gridZ, uint blockX, uint blockY, uint blockZ,
        uint dynamicSharedBytes, nint stream, void** parameters, void** extra) =>
        _launchKernel(function, gridX, gridY, gridZ, blockX, blockY, blockZ, dynamicSharedBytes, stream, parameters, extra);
}
