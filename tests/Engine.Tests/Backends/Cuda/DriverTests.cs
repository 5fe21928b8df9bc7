using LungSeg.CudaStub;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Backends.Cuda.Driver;

namespace LungSeg.Engine.Tests.Backends.Cuda;

/// <summary>The layer over the driver, on the stub: errors that say what happened, and everything released.</summary>
public sealed unsafe class DriverTests
{
    private const string Ptx = ".version 7.8\n.target sm_60\n.visible .entry nothing()\n{ ret; }";

    [Fact]
    public void Entries_that_the_driver_lacks_are_named()
    {
        DeviceException error = Assert.Throws<DeviceException>(() => DriverLibrary.Open("libcuda.so.1", (string name, out nint address) =>
        {
            address = 1;
            return name is not ("cuGraphInstantiateWithFlags" or "cuMemAlloc_v2");
        }));
        Assert.Contains("libcuda.so.1 has no cuMemAlloc_v2, cuGraphInstantiateWithFlags", error.Message);
        Assert.Contains("driver 470", error.Message);
    }

    [Fact]
    public void A_machine_without_a_driver_or_without_a_GPU_says_so_in_one_line()
    {
        try
        {
            Assert.NotEmpty(CudaDevice.List());
        }
        catch (DeviceException e)
        {
            Assert.StartsWith("no CUDA here: ", e.Message);
            Assert.DoesNotContain('\n', e.Message);
        }
        Assert.StartsWith("no CUDA here: ", Assert.Throws<DeviceException>(
            () => CudaDevice.List(new StubDriver(new StubDevice(Count: 0)))).Message);
        var none = new StubDriver();
        none.Fail(nameof(ICudaDriver.Init), CudaResult.NoDevice);
        Assert.StartsWith("no CUDA here: ", Assert.Throws<DeviceException>(() => CudaDevice.List(none)).Message);
        var broken = new StubDriver();
        broken.Fail(nameof(ICudaDriver.Init), CudaResult.SystemDriverMismatch);
        Assert.Matches("cuInit failed: STUB_SYSTEMDRIVERMISMATCH .*restart the machine",
            Assert.Throws<DeviceException>(() => CudaDevice.List(broken)).Message);
    }

    [Fact]
    public void Devices_are_described()
    {
        CudaDevice device = CudaDevice.List(new StubDriver(new StubDevice(ComputeCapability: 86, Count: 2)))[1];
        Assert.Equal("cuda:1 (Stub GPU)", device.ToString());
        Assert.Equal((1, 86, 132, 1L << 30), (device.Index, device.ComputeCapability, device.Multiprocessors, device.MemoryBytes));
        Assert.Equal(3.35e12, device.MemoryBytesPerSecond, 0.01e12);
    }

    [Fact]
    public void An_error_names_the_code_the_call_the_device_and_the_purpose()
    {
        var driver = new StubDriver(new StubDevice(MemoryBytes: 10 << 20));
        using CudaContext context = Open(driver);
        DeviceException error = Assert.Throws<DeviceException>(() => new DeviceMemory(context, 30 << 20, "the maps of decoder.x"));
        Assert.Contains("cuda:0 (Stub GPU): cuMemAlloc failed of 30.0 MiB for the maps of decoder.x", error.Message);
        Assert.Contains("STUB_OUTOFMEMORY (2, ", error.Message);
        Assert.Contains("with 10.0 MiB of 10.0 MiB free", error.Message);
        Assert.Contains("smaller batch", error.Message);
    }

    [Fact]
    public void Memory_is_kept_for_the_next_and_given_up_when_it_runs_out()
    {
        var driver = new StubDriver(new StubDevice(MemoryBytes: 10 << 20));
        using (CudaContext context = Open(driver))
        {
            ulong first;
            using (var memory = new DeviceMemory(context, 3_000_000, "test")) first = memory.Address;
            using (var again = new DeviceMemory(context, 2_900_000, "test")) Assert.Equal(first, again.Address);
            Assert.Equal(1, driver.Calls(nameof(driver.MemAlloc)));
            using var large = new DeviceMemory(context, 9 << 20, "test");
            Assert.Equal(10 << 20, driver.Memory.Used);
        }
        Assert.Empty(driver.Live);
    }

    [Fact]
    public void A_module_that_the_compiler_refuses_shows_its_log()
    {
        var driver = new StubDriver { JitLog = "ptxas application ptx input, line 7; error : Unknown symbol 'x'" };
        using CudaContext context = Open(driver);
        driver.Fail(nameof(driver.ModuleLoadDataEx), CudaResult.InvalidPtx);
        DeviceException error = Assert.Throws<DeviceException>(() => new CudaModule(context, "conv_f32", Bytes(Ptx)));
        Assert.Contains("cuModuleLoadDataEx failed for the kernels conv_f32 (its log: ptxas application ptx input, line 7; error : Unknown "
            + "symbol 'x')", error.Message);
        using var module = new CudaModule(context, "empty", Bytes(Ptx));
        Assert.NotEqual(0, module.Function("nothing", 0));
        Assert.Contains("cuModuleGetFunction failed for something in the kernels empty",
            Assert.Throws<DeviceException>(() => module.Function("something", 0)).Message);
        Assert.Contains("300000 bytes of shared memory of nothing",
            Assert.Throws<DeviceException>(() => module.Function("nothing", 300_000)).Message);
    }

    [Fact]
    public void Captured_work_runs_only_when_it_is_launched_and_again_each_time()
    {
        var driver = new StubDriver();
        using CudaContext context = Open(driver);
        using var stream = new CudaStream(context);
        using var host = new PinnedMemory(context, 4);
        using var device = new DeviceMemory(context, 4, "test");
        using CudaGraph graph = stream.Capture(() =>
        {
            stream.Upload(host.Data, device.Address, 4);
            stream.Download(device.Address, host.Data, 4);
        });
        *(int*)host.Data = 7;
        stream.Synchronize();
        Assert.Equal(-1, driver.Memory.Read<int>(device.Address, 1)[0]);
        graph.Launch(stream);
        Assert.Equal(-1, driver.Memory.Read<int>(device.Address, 1)[0]);
        stream.Synchronize();
        Assert.Equal(7, driver.Memory.Read<int>(device.Address, 1)[0]);
        *(int*)host.Data = 8;
        graph.Launch(stream);
        stream.Synchronize();
        Assert.Equal(8, driver.Memory.Read<int>(device.Address, 1)[0]);
    }

    [Fact]
    public void What_must_not_be_captured_is_an_error_and_the_stream_goes_on()
    {
        var driver = new StubDriver();
        using CudaContext context = Open(driver);
        using var stream = new CudaStream(context);
        Assert.Contains("STREAMCAPTUREUNSUPPORTED",
            Assert.Throws<DeviceException>(() => stream.Capture(() => stream.Synchronize())).Message);
        Assert.Contains("cuMemAlloc", Assert.Throws<DeviceException>(
            () => stream.Capture(() => new DeviceMemory(context, 4, "test").Dispose())).Message);
        stream.Capture(() => { }).Dispose();
        stream.Synchronize();
    }

    [Fact]
    public void Everything_is_released_in_any_order_and_once()
    {
        var driver = new StubDriver();
        CudaContext context = Open(driver);
        CudaHandle[] handles =
        [
            new CudaStream(context), new CudaEvent(context), new PinnedMemory(context, 100), new DeviceMemory(context, 100, "test"),
            new CudaModule(context, "empty", Bytes(Ptx)),
        ];
        context.Dispose();
        Assert.Equal(6, driver.Live.Count);
        foreach (CudaHandle handle in handles) handle.Dispose();
        foreach (CudaHandle handle in handles) handle.Dispose();
        Assert.Empty(driver.Live);
        Assert.Throws<ObjectDisposedException>(() => new CudaStream(context));
        Assert.Throws<ObjectDisposedException>(() => ((CudaStream)handles[0]).Synchronize());
    }

    [Theory]
    [InlineData(nameof(ICudaDriver.StreamCreate))]
    [InlineData(nameof(ICudaDriver.EventCreate))]
    [InlineData(nameof(ICudaDriver.MemHostAlloc))]
    [InlineData(nameof(ICudaDriver.MemAlloc))]
    [InlineData(nameof(ICudaDriver.ModuleLoadDataEx))]
    [InlineData(nameof(ICudaDriver.DevicePrimaryCtxRetain))]
    [InlineData(nameof(ICudaDriver.CtxSetCurrent))]
    public void A_failed_call_leaves_nothing_behind(string call)
    {
        var driver = new StubDriver();
        driver.Fail(call, CudaResult.Unknown);
        DeviceException error = Assert.Throws<DeviceException>(() =>
        {
            using CudaContext context = Open(driver);
            using var stream = new CudaStream(context);
            using var start = new CudaEvent(context);
            using var host = new PinnedMemory(context, 100);
            using var memory = new DeviceMemory(context, 100, "test");
            using var module = new CudaModule(context, "empty", Bytes(Ptx));
        });
        Assert.Contains($"cu{call}", error.Message);
        Assert.Contains("STUB_UNKNOWN", error.Message);
        Assert.Empty(driver.Live);
    }

    private static CudaContext Open(StubDriver driver) => new(driver, CudaDevice.List(driver)[0]);

    private static byte[] Bytes(string ptx) => [.. System.Text.Encoding.UTF8.GetBytes(ptx), 0];
}
