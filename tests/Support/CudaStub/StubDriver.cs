using System.Runtime.InteropServices;
using System.Text;
using LungSeg.Engine.Backends.Cuda.Driver;

namespace LungSeg.CudaStub;

/// <summary>
/// A CUDA driver in managed code, for tests without a GPU. It keeps the driver's rules and answers with its codes where one is broken:
/// a context must be current, addresses must be allocated, host memory of asynchronous copies pinned, a capture must not allocate or wait.
/// Work on a stream is done when somebody waits for it, not before, so that a missing wait shows. Live handles are counted, and any call
/// can be made to fail.
/// </summary>
internal sealed unsafe class StubDriver(StubDevice? device = null) : ICudaDriver
{
    private const int FirstHandle = 0x1000;
    private readonly Lock _lock = new();
    private readonly Dictionary<nint, object> _handles = [];
    private readonly Dictionary<nint, nuint> _pinned = [];
    private readonly Dictionary<nint, StubFunction> _functions = [];
    private readonly Dictionary<string, Queue<CudaResult>> _faults = [];
    private readonly Dictionary<string, int> _calls = [];
    private readonly Dictionary<CudaResult, nint> _texts = [];
    private readonly List<StubStream> _abandoned = [];
    [ThreadStatic]
    private static nint _current;
    private nint _nextHandle = FirstHandle;
    private int _contexts;
    private float _clock;

    public StubDevice Device { get; } = device ?? new StubDevice();

    public StubMemory Memory { get; } = new((device ?? new StubDevice()).MemoryBytes);

    /// <summary>What launches do; the parameters are a copy.</summary>
    public Action<StubLaunch>? Run { get; init; }

    /// <summary>What the just-in-time compiler writes into its log with the next failing module.</summary>
    public string JitLog { get; set; } = "";

    /// <summary>Everything that has been launched, replays included.</summary>
    public List<StubLaunch> Launches { get; } = [];

    /// <summary>What is not yet released, by kind; empty when all is.</summary>
    public IReadOnlyDictionary<string, int> Live
    {
        get
        {
            Dictionary<string, int> live = _handles.Values.GroupBy(handle => handle.GetType().Name)
                .ToDictionary(group => group.Key, group => group.Count());
            if (_pinned.Count > 0) live["pinned"] = _pinned.Count;
            if (Memory.Used > 0) live["bytes"] = (int)Memory.Used;
            if (_contexts > 0) live["contexts"] = _contexts;
            return live;
        }
    }

    /// <summary>How often an entry was called, by its name in the interface.</summary>
    public int Calls(string name) => _calls.GetValueOrDefault(name);

    /// <summary>Makes a later call of an entry fail: the first one, or the one after so many that go well.</summary>
    public void Fail(string name, CudaResult result, int after = 0)
    {
        Queue<CudaResult> queue = _faults.TryGetValue(name, out Queue<CudaResult>? known) ? known : _faults[name] = new();
        for (int i = 0; i < after; i++) queue.Enqueue(CudaResult.Success);
        queue.Enqueue(result);
    }

    public CudaResult Init(uint flags) => Call(nameof(Init), () => CudaResult.Success, context: false);

    public CudaResult DriverGetVersion(int* version) => Call(nameof(DriverGetVersion), () => Give(version, 12040), context: false);

    public CudaResult GetErrorName(CudaResult code, byte** name)
    {
        *name = Text(code);
        return CudaResult.Success;
    }

    public CudaResult GetErrorString(CudaResult code, byte** description) => GetErrorName(code, description);

    public CudaResult DeviceGetCount(int* count) => Call(nameof(DeviceGetCount), () => Give(count, Device.Count), context: false);

    public CudaResult DeviceGet(int* device, int ordinal) => Call(nameof(DeviceGet), () => Give(device, ordinal + 10), context: false);

    public CudaResult DeviceGetName(byte* name, int length, int device) => Call(nameof(DeviceGetName), () =>
    {
        byte[] text = Encoding.UTF8.GetBytes($"{Device.Name}\0");
        text.CopyTo(new Span<byte>(name, length));
        return CudaResult.Success;
    }, context: false);

    public CudaResult DeviceTotalMem(nuint* bytes, int device) =>
        Call(nameof(DeviceTotalMem), () => Give(bytes, (nuint)Device.MemoryBytes), context: false);

    public CudaResult DeviceGetAttribute(int* value, DeviceAttribute attribute, int device) =>
        Call(nameof(DeviceGetAttribute), () => Give(value, Device.Attribute(attribute)), context: false);

    public CudaResult DevicePrimaryCtxRetain(nint* context, int device) => Call(nameof(DevicePrimaryCtxRetain), () =>
    {
        _contexts++;
        return Give(context, device);
    }, context: false);

    public CudaResult DevicePrimaryCtxRelease(int device) => Call(nameof(DevicePrimaryCtxRelease), () =>
    {
        foreach (StubStream stream in _abandoned) stream.Drain();
        _abandoned.Clear();
        _contexts--;
        return _contexts >= 0 ? CudaResult.Success : CudaResult.InvalidContext;
    }, context: false);

    public CudaResult CtxSetCurrent(nint context) => Call(nameof(CtxSetCurrent), () =>
    {
        _current = context;
        return CudaResult.Success;
    }, context: false);

    public CudaResult ModuleLoadDataEx(nint* module, byte* image, uint options, JitOption* names, void** values) =>
        Call(nameof(ModuleLoadDataEx), () =>
        Give(module, Add(new StubModule(Marshal.PtrToStringUTF8((nint)image)!))), forbiddenInCapture: true,
        failed: () => WriteLog(options, names, values));

    public CudaResult ModuleUnload(nint module) => Call(nameof(ModuleUnload), () => Remove<StubModule>(module));

    public CudaResult ModuleGetFunction(nint* function, nint module, byte* name) => Call(nameof(ModuleGetFunction), () =>
    {
        string entry = Marshal.PtrToStringUTF8((nint)name)!;
        var found = Get<StubModule>(module);
        if (!found.Has(entry)) return CudaResult.NotFound;
        return Give(function, found.Functions.TryGetValue(entry, out nint known) ? known
            : found.Functions[entry] = NewFunction(found, entry));
    });

    public CudaResult FuncGetAttribute(int* value, FunctionAttribute attribute, nint function) =>
        Call(nameof(FuncGetAttribute), () => Give(value, 0));

    public CudaResult FuncSetAttribute(nint function, FunctionAttribute attribute, int value) => Call(nameof(FuncSetAttribute), () =>
    {
        if (attribute != FunctionAttribute.MaxDynamicSharedBytes || value > Device.SharedBytesPerBlock) return CudaResult.InvalidValue;
        _functions[function].MaxShared = value;
        return CudaResult.Success;
    });

    public CudaResult OccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, nint function, int threads, nuint dynamicSharedBytes) =>
        Call(nameof(OccupancyMaxActiveBlocksPerMultiprocessor), () => Give(blocks, 2));

    public CudaResult MemGetInfo(nuint* free, nuint* total) => Call(nameof(MemGetInfo), () =>
    {
        *free = (nuint)(Memory.Capacity - Memory.Used);
        return Give(total, (nuint)Memory.Capacity);
    });

    public CudaResult MemAlloc(ulong* address, nuint bytes) => Call(nameof(MemAlloc), () =>
        Memory.TryAllocate(bytes, out *address) ? CudaResult.Success : CudaResult.OutOfMemory, forbiddenInCapture: true);

    public CudaResult MemFree(ulong address) => Call(nameof(MemFree), () =>
        Memory.TryFree(address) ? CudaResult.Success : CudaResult.InvalidValue, forbiddenInCapture: true);

    public CudaResult MemHostAlloc(void** memory, nuint bytes, uint flags) => Call(nameof(MemHostAlloc), () =>
    {
        *memory = NativeMemory.AlignedAlloc(bytes, 256);
        new Span<byte>(*memory, (int)bytes).Fill(0xFF);
        _pinned.Add((nint)(*memory), bytes);
        return CudaResult.Success;
    }, forbiddenInCapture: true);

    public CudaResult MemFreeHost(void* memory) => Call(nameof(MemFreeHost), () =>
    {
        if (!_pinned.Remove((nint)memory)) return CudaResult.InvalidValue;
        NativeMemory.AlignedFree(memory);
        return CudaResult.Success;
    }, forbiddenInCapture: true);

    public CudaResult MemcpyHtoDAsync(ulong target, void* source, nuint bytes, nint stream) => Call(nameof(MemcpyHtoDAsync), () =>
    {
        if (!IsPinned(source, bytes) || !Memory.TryAccess(target, (long)bytes, out _)) return CudaResult.InvalidValue;
        return Put(stream, () => Pinned(source, bytes).CopyTo(At(target, bytes)));
    });

    public CudaResult MemcpyDtoHAsync(void* target, ulong source, nuint bytes, nint stream) => Call(nameof(MemcpyDtoHAsync), () =>
    {
        if (!IsPinned(target, bytes) || !Memory.TryAccess(source, (long)bytes, out _)) return CudaResult.InvalidValue;
        return Put(stream, () => At(source, bytes).CopyTo(Pinned(target, bytes)));
    });

    public CudaResult MemsetD8Async(ulong target, byte value, nuint bytes, nint stream) => Call(nameof(MemsetD8Async), () =>
        Memory.TryAccess(target, (long)bytes, out _) ? Put(stream, () => At(target, bytes).Fill(value)) : CudaResult.InvalidValue);

    public CudaResult StreamCreate(nint* stream, uint flags) => Call(nameof(StreamCreate), () => Give(stream, Add(new StubStream())));

    public CudaResult StreamDestroy(nint stream) => Call(nameof(StreamDestroy), () =>
    {
        // The driver does not wait, and finishes what is left later: at the latest when there is nothing else left.
        var found = Get<StubStream>(stream);
        if (found.Pending.Count > 0) _abandoned.Add(found);
        return Remove<StubStream>(stream);
    });

    public CudaResult StreamSynchronize(nint stream) => Call(nameof(StreamSynchronize), () =>
    {
        var found = Get<StubStream>(stream);
        if (found.Captured is not null) return CudaResult.StreamCaptureUnsupported;
        return found.Drain();
    });

    public CudaResult EventCreate(nint* handle, uint flags) => Call(nameof(EventCreate), () => Give(handle, Add(new StubEvent())));

    public CudaResult EventDestroy(nint handle) => Call(nameof(EventDestroy), () => Remove<StubEvent>(handle));

    public CudaResult EventRecord(nint handle, nint stream) => Call(nameof(EventRecord), () =>
    {
        var found = Get<StubEvent>(handle);
        found.Stream = Get<StubStream>(stream);
        return Put(stream, () => found.Time = _clock += 0.5f);
    });

    public CudaResult EventSynchronize(nint handle) =>
        Call(nameof(EventSynchronize), () => Get<StubEvent>(handle).Stream?.Drain() ?? CudaResult.Success);

    public CudaResult EventElapsedTime(float* milliseconds, nint start, nint end) => Call(nameof(EventElapsedTime), () =>
        Give(milliseconds, Get<StubEvent>(end).Time - Get<StubEvent>(start).Time));

    public CudaResult StreamBeginCapture(nint stream, uint mode) => Call(nameof(StreamBeginCapture), () =>
    {
        Get<StubStream>(stream).Captured = [];
        return CudaResult.Success;
    });

    public CudaResult StreamEndCapture(nint stream, nint* graph) => Call(nameof(StreamEndCapture), () =>
    {
        var found = Get<StubStream>(stream);
        (Action[] captured, bool invalidated) = ([.. found.Captured!], found.CaptureInvalidated);
        (found.Captured, found.CaptureInvalidated) = (null, false);
        return invalidated ? CudaResult.StreamCaptureInvalidated : Give(graph, Add(new StubGraph(captured)));
    }, failed: () => Get<StubStream>(stream).Captured = null);

    public CudaResult GraphInstantiate(nint* executable, nint graph, ulong flags) => Call(nameof(GraphInstantiate), () =>
        Give(executable, Add(new StubGraphExec(Get<StubGraph>(graph).Work))));

    public CudaResult GraphDestroy(nint graph) => Call(nameof(GraphDestroy), () => Remove<StubGraph>(graph));

    public CudaResult GraphExecDestroy(nint executable) => Call(nameof(GraphExecDestroy), () => Remove<StubGraphExec>(executable));

    public CudaResult GraphLaunch(nint executable, nint stream) => Call(nameof(GraphLaunch), () =>
    {
        foreach (Action work in Get<StubGraphExec>(executable).Work) Put(stream, work);
        return CudaResult.Success;
    });

    public CudaResult LaunchKernel(
        nint function, uint gridX, uint gridY, uint gridZ, uint blockX, uint blockY, uint blockZ,
        uint dynamicSharedBytes, nint stream, void** parameters, void** extra) => Call(nameof(LaunchKernel), () =>
    {
        if (!_functions.TryGetValue(function, out StubFunction? found)) return CudaResult.InvalidValue;
        if (gridX * gridY * gridZ == 0 || gridY > 65535 || gridZ > 65535 || blockX * blockY * blockZ is 0 or > 1024)
            return CudaResult.InvalidValue;
        if (dynamicSharedBytes > found.MaxShared) return CudaResult.InvalidValue;
        // CU_LAUNCH_PARAM_BUFFER_POINTER 1, CU_LAUNCH_PARAM_BUFFER_SIZE 2, CU_LAUNCH_PARAM_END 0.
        if (parameters is not null || extra is null || (nint)extra[0] != 1 || (nint)extra[2] != 2 || extra[4] is not null)
            return CudaResult.InvalidValue;
        byte[] copy = new ReadOnlySpan<byte>(extra[1], (int)*(nuint*)extra[3]).ToArray();
        var launch = new StubLaunch(found.Module, found.Entry, (gridX, gridY, gridZ), (blockX, blockY, blockZ), dynamicSharedBytes, copy);
        return Put(stream, () =>
        {
            Launches.Add(launch);
            Run?.Invoke(launch);
        });
    });

    private CudaResult Call(string name, Func<CudaResult> call, bool context = true, bool forbiddenInCapture = false, Action? failed = null)
    {
        lock (_lock)
        {
            _calls[name] = Calls(name) + 1;
            if (_faults.TryGetValue(name, out Queue<CudaResult>? faults) && faults.TryDequeue(out CudaResult fault)
                && fault != CudaResult.Success)
            {
                failed?.Invoke();
                return fault;
            }
            if (context && _current == 0) return CudaResult.InvalidContext;
            if (forbiddenInCapture && _handles.Values.OfType<StubStream>()
                .FirstOrDefault(stream => stream.Captured is not null) is { } capturing)
            {
                capturing.CaptureInvalidated = true;
                return CudaResult.StreamCaptureUnsupported;
            }
            return call();
        }
    }

    private CudaResult Put(nint stream, Action work)
    {
        var found = Get<StubStream>(stream);
        if (found.Captured is { } captured) captured.Add(work);
        else found.Pending.Enqueue(work);
        return CudaResult.Success;
    }

    private nint Add(object handle)
    {
        _handles.Add(++_nextHandle, handle);
        return _nextHandle;
    }

    private T Get<T>(nint handle) => _handles.TryGetValue(handle, out object? found) && found is T typed
        ? typed
        : throw new InvalidOperationException($"{handle:x} is no live {typeof(T).Name}");

    private CudaResult Remove<T>(nint handle)
    {
        Get<T>(handle);
        _handles.Remove(handle);
        return CudaResult.Success;
    }

    private nint NewFunction(StubModule module, string entry)
    {
        nint function = ++_nextHandle;
        _functions.Add(function, new StubFunction(module, entry));
        return function;
    }

    private Span<byte> At(ulong address, nuint bytes) => Memory.TryAccess(address, (long)bytes, out Span<byte> span)
        ? span
        : throw new InvalidOperationException($"{address:x} was freed while work on it was pending");

    private Span<byte> Pinned(void* memory, nuint bytes) => IsPinned(memory, bytes)
        ? new Span<byte>(memory, (int)bytes)
        : throw new InvalidOperationException($"{(nint)memory:x} was freed while a copy was pending");

    private bool IsPinned(void* memory, nuint bytes) =>
        _pinned.Any(block => (nuint)block.Key <= (nuint)memory && (nuint)memory + bytes <= (nuint)block.Key + block.Value);

    private void WriteLog(uint options, JitOption* names, void** values)
    {
        for (int i = 0; i < options; i++)
        {
            if (names[i] == JitOption.ErrorLogBuffer)
                Encoding.UTF8.GetBytes($"{JitLog}\0").CopyTo(new Span<byte>(values[i], JitLog.Length + 1));
        }
    }

    private byte* Text(CudaResult code)
    {
        if (!_texts.TryGetValue(code, out nint text))
            _texts[code] = text = Marshal.StringToCoTaskMemUTF8($"STUB_{code}".ToUpperInvariant());
        return (byte*)text;
    }

    private static CudaResult Give<T>(T* target, T value) where T : unmanaged
    {
        *target = value;
        return CudaResult.Success;
    }
}
